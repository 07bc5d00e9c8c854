"""Customers' files in S3: the same promises as in a folder."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.aws import client, moto, use
from tests.harness import NUMBER, TOKEN, running
from tests.integration.runtime.test_media import JPEG, files_of, photo
from wabot.errors import StorageUnavailable
from wabot.gateways.media import S3Storage
from wabot.simulation.graph.config import Number

CLIENT = UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture
def endpoint() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A bucket called `shops`, and the SDK's ordinary settings for it."""
    use(endpoint, monkeypatch)
    with client("s3") as made:
        made.create_bucket(Bucket="shops")
        yield made


def keys(s3: object) -> list[str]:
    found = s3.list_objects_v2(Bucket="shops")
    return [entry["Key"] for entry in found.get("Contents", ())]


async def keep(storage: S3Storage, location: str, data: bytes = JPEG) -> None:
    async with storage.receive() as incoming:
        await incoming.write(data)
        await incoming.keep(location, "image/jpeg")


async def test_a_file_is_stored_whole_and_encrypted_below_the_prefix(
    environment: dict[str, str], s3: object
) -> None:
    place = "s3://shops/kept/files?sse=AES256"
    async with running(environment, WABOT_MEDIA=place, numbers=(Number(NUMBER, TOKEN),)) as shop:
        await shop.give(photo(shop))
        (row,) = await files_of(shop)
    assert row["status"] == "stored"
    assert keys(s3) == [f"kept/files/{row['location']}"]
    found = s3.get_object(Bucket="shops", Key=f"kept/files/{row['location']}")
    assert found["Body"].read() == JPEG
    assert (found["ContentType"], found["ServerSideEncryption"]) == ("image/jpeg", "AES256")


async def test_a_file_that_is_not_kept_leaves_nothing(s3: object) -> None:
    async with S3Storage("shops").receive() as incoming:
        await incoming.write(JPEG)
    assert keys(s3) == []


async def test_while_the_bucket_cannot_be_had_files_wait(
    environment: dict[str, str], s3: object
) -> None:
    async with running(environment, WABOT_MEDIA="s3://not-there-yet") as shop:
        await shop.give(photo(shop))
        async with asyncio.timeout(15):
            while not shop.central("SELECT 1 FROM wabot.media WHERE last_error IS NOT NULL"):
                await asyncio.sleep(0.02)
        (row,) = shop.central("SELECT attempts, last_error FROM wabot.media")
        assert row["attempts"] == 0
        assert "s3://not-there-yet" in row["last_error"]
        s3.create_bucket(Bucket="not-there-yet")
        shop.central_do("UPDATE wabot.media SET due_at = now()")
        shop.runtime.media.wake()
        assert (await files_of(shop))[0]["status"] == "stored"


async def test_uploading_holds_up_nothing_else(s3: object) -> None:
    storage, beats = S3Storage("shops"), 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    beating = asyncio.create_task(beat())
    await keep(storage, "a/1.jpg")
    before = beats
    for number in range(5):
        await keep(storage, f"a/{number}.jpg", JPEG * 300)
    beating.cancel()
    assert beats > before + 3


async def test_all_files_of_a_tenant_are_deleted_and_no_others(s3: object) -> None:
    storage = S3Storage("shops", "/kept/")
    for number in range(3):
        await keep(storage, f"{CLIENT}/2026-03/{number}.jpg")
    await keep(storage, "another/2026-03/1.jpg")
    assert await asyncio.to_thread(storage.delete_tenant, CLIENT) == 3
    assert keys(s3) == ["kept/another/2026-03/1.jpg"]
    assert await asyncio.to_thread(storage.delete_tenant, CLIENT) == 0


async def test_a_deletion_that_cannot_reach_s3_says_so(s3: object) -> None:
    with pytest.raises(StorageUnavailable, match="s3://gone"):
        await asyncio.to_thread(S3Storage("gone").delete_tenant, CLIENT)
