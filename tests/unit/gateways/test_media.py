"""Where a file's address may be, and what a checksum looks like."""

import base64
import hashlib
from pathlib import Path

import pytest
from yarl import URL

from wabot.config.parsers import FilePlace, file_place
from wabot.gateways.whatsapp import GraphClient
from wabot.gateways.whatsapp.media import GraphFiles, hexadecimal
from wabot.services.runtime.media_ports import Miss

FILES = GraphFiles(GraphClient("https://graph.facebook.com", "v26.0"), "https://graph.facebook.com")


@pytest.mark.parametrize(
    "address",
    [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://graph.facebook.com/x",
        "https://scontent.xx.fbcdn.net/x",
        "https://mmg.whatsapp.net/x",
    ],
)
def test_the_token_goes_to_metas_hosts(address: str) -> None:
    assert FILES.allows(URL(address))


@pytest.mark.parametrize(
    "address",
    [
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://evilfbsbx.com/x",
        "https://fbsbx.com.evil.example/x",
        "https://graph.facebook.com@evil.example/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "/relative",
        "",
    ],
)
def test_and_to_nobody_else(address: str) -> None:
    assert not FILES.allows(URL(address))


@pytest.mark.parametrize("address", ["http://[", "https://graph.facebook.com:port/x"])
async def test_what_is_no_address_at_all_is_asked_for_again(address: str) -> None:
    async def write(_piece: bytes) -> None:
        raise AssertionError("nothing is fetched")

    missed = await FILES.download(address, "EAAtoken", write)
    assert missed is not None
    assert missed.miss is Miss.AGAIN


def test_a_stand_in_of_ones_own_counts_with_its_port() -> None:
    files = GraphFiles(GraphClient("http://127.0.0.1:9000", "v26.0"), "http://127.0.0.1:9000/x")
    assert files.allows(URL("http://127.0.0.1:9000/_media/1"))
    assert not files.allows(URL("http://127.0.0.1:9001/_media/1"))


def test_a_checksum_is_read_in_either_writing() -> None:
    raw = hashlib.sha256(b"x").digest()
    assert hexadecimal(raw.hex()) == hexadecimal(raw.hex().upper()) == raw.hex()
    assert hexadecimal(base64.b64encode(raw).decode()) == raw.hex()


@pytest.mark.parametrize(
    "told", ["", "x", "e3b0", "é" * 44, "====", base64.b64encode(b"x").decode()]
)
def test_what_is_no_checksum_is_none(told: str) -> None:
    assert hexadecimal(told) == ""


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("", FilePlace()),
        ("/srv/files", FilePlace(folder=Path("/srv/files"))),
        ("s3://shops", FilePlace(bucket="shops")),
        ("s3://shops/a/b/", FilePlace(bucket="shops", prefix="a/b")),
        ("s3://shops?sse=AES256", FilePlace(bucket="shops", encryption="AES256")),
        ("s3://shops/a?sse=aws:kms", FilePlace(bucket="shops", prefix="a", encryption="aws:kms")),
    ],
)
def test_one_setting_names_the_place(written: str, place: FilePlace) -> None:
    assert file_place(written) == place


@pytest.mark.parametrize(
    "written", ["s3:", "s3://", "s3://UPPER", "s3://a", "s3://shops/../x", "s3://shops?sse=none"]
)
def test_a_place_that_cannot_be_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must be a folder or s3://"):
        file_place(written)


@pytest.mark.parametrize("written", ["relative/folder", "http://files.example", "C:files"])
def test_a_folder_is_named_by_its_whole_path(written: str) -> None:
    with pytest.raises(ValueError, match="whole path"):
        file_place(written)
