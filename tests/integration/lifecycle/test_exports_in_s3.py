"""Exports in S3 keep the promises of those in files; a backup of all goes on where it stopped."""

import json
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.aws import client, moto, use
from tests.integration.lifecycle.rows import Connection, contents, fill
from tests.integration.tenants.asking import TOKEN, document
from tests.integration.tenants.conftest import Cli, Create
from wabot.domain.tenant import Tenant
from wabot.gateways.aws.errors import AwsFailure
from wabot.gateways.depots import S3Depot
from wabot.gateways.depots.s3 import _PART


@pytest.fixture
def endpoint() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A bucket called `backups`; files on their way lie in a folder of the test's own."""
    use(endpoint, monkeypatch)
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    with client("s3") as made:
        made.create_bucket(Bucket="backups")
        yield made
    assert list(spool.iterdir()) == []


@pytest.fixture
def shop(create: Create, central: Connection) -> Tenant:
    tenant = create().tenant
    fill(central, tenant.placement)
    return tenant


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="backups").get("Contents", ())]


def test_an_export_goes_to_the_bucket_and_comes_back_as_a_shop(
    cli: Cli, s3: Any, shop: Tenant, central: Connection
) -> None:
    done = cli("tenant", "export", "lupita", "--to", "s3://backups/shops?sse=AES256", "--json")
    data = document(done)["data"]
    (key,) = keys(s3)
    assert data["file"] == f"s3://backups/{key}"
    assert key.startswith("shops/lupita-")
    head = s3.head_object(Bucket="backups", Key=key)
    assert (head["ServerSideEncryption"], head["ContentLength"]) == ("AES256", data["bytes"])
    assert central.execute("SELECT count(*) FROM wabot.backups").fetchone() == (0,)

    words = ("--slug", "otra", "--phone-number-id", "77", "--token-file", "-")
    back = cli("tenant", "import", data["file"], *words, stdin=TOKEN)
    assert back.exit_code == 0, back.stderr
    original = contents(central, shop.placement)
    (config,) = central.execute(
        "SELECT db_connection_config->>'schema' FROM wabot.clients WHERE slug = 'otra'"
    ).fetchall()
    restored = central.execute(f'SELECT count(*) FROM "{config[0]}".orders').fetchone()
    assert restored == (len(original["orders"]),)


def test_an_object_that_exists_is_never_overwritten(cli: Cli, s3: Any, shop: Tenant) -> None:
    s3.put_object(Bucket="backups", Key="a/precious.wabot.tgz", Body=b"precious")
    done = cli("tenant", "export", "lupita", "--to", "s3://backups/a/precious.wabot.tgz")
    assert (done.exit_code, "exists already" in done.stderr) == (4, True)
    found = s3.get_object(Bucket="backups", Key="a/precious.wabot.tgz")
    assert found["Body"].read() == b"precious"


def test_an_export_in_a_bucket_that_was_altered_makes_no_shop(
    cli: Cli, s3: Any, shop: Tenant
) -> None:
    file = "s3://backups/x.wabot.tgz"
    assert cli("tenant", "export", "lupita", "--to", file).exit_code == 0
    whole = s3.get_object(Bucket="backups", Key="x.wabot.tgz")["Body"].read()
    s3.put_object(Bucket="backups", Key="x.wabot.tgz", Body=whole[:-700])
    words = ("--slug", "otra", "--phone-number-id", "77", "--token-file", "-")
    done = cli("tenant", "import", file, *words, stdin=TOKEN)
    assert (done.exit_code, "the export cannot be used" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ("export", "lupita", "--to", "s3://nobodys/x"),
            5,
            "there is no such bucket\nHint: Correct its name, or make it: aws s3 mb s3://NAME",
        ),
        (
            ("export", "lupita", "--to", "s3://B"),
            2,
            "s3://B must be a folder or s3://BUCKET[/PREFIX]",
        ),
        (
            ("import", "s3://backups/no.wabot.tgz"),
            2,
            "no s3://backups/no.wabot.tgz\nHint: See what there is: aws s3 ls s3://backups/",
        ),
        (("import", "s3://backups/"), 2, "s3://backups/ names no export"),
    ],
)
def test_a_place_that_is_none_is_told_with_what_to_do(
    cli: Cli, s3: Any, shop: Tenant, words: tuple[str, ...], *, code: int, said: str
) -> None:
    done = cli("tenant", *words)
    assert done.exit_code == code
    assert said in done.stderr
    assert keys(s3) == []


class _Failing(BaseHTTPRequestHandler):
    """Passes everything on to the real endpoint but the parts after the first."""

    endpoint = ""
    parts = 0

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "partNumber=" in self.path:
            type(self).parts += 1
            if "partNumber=1&" not in self.path:
                self._answer(
                    403, {}, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                )
                return
        given = {k: v for k, v in self.headers.items() if k.lower() != "host"}
        got = httpx.request(self.command, self.endpoint + self.path, content=body, headers=given)
        self._answer(got.status_code, dict(got.headers), got.content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def test_an_upload_in_parts_that_fails_leaves_no_part_behind(
    s3: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = type("Handler", (_Failing,), {"endpoint": endpoint})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    try:
        with (
            pytest.raises(
                AwsFailure, match=r"s3://backups/a/large cannot be written: no$"
            ) as raised,
            S3Depot("backups", "a").writing("large") as path,
        ):
            path.write_bytes(b"x" * (_PART * 2 + 1))
    finally:
        server.shutdown()
        server.server_close()
    assert handler.parts >= 2
    assert raised.value.hint.startswith("Allow it in the IAM policy")
    assert s3.list_multipart_uploads(Bucket="backups").get("Uploads", []) == []
    assert keys(s3) == []


def test_a_large_file_goes_and_comes_in_parts(s3: Any) -> None:
    depot, data = S3Depot("backups"), bytes(range(256)) * (_PART // 128)
    with depot.writing("large") as path:
        path.write_bytes(data)
        assert path.parent.stat().st_mode & 0o077 == 0
    with depot.reading("large") as path:
        assert path.read_bytes() == data


def test_a_deletion_reads_its_export_back_from_the_bucket(
    cli: Cli, s3: Any, shop: Tenant, central: Connection
) -> None:
    where = {"WABOT_BACKUPS": "s3://backups/deleted"}
    plan = cli("tenant", "delete", "lupita", "--dry-run", env=where)
    assert "Would export lupita to s3://backups/deleted/lupita-" in plan.stderr
    assert keys(s3) == []
    done = cli("tenant", "delete", "lupita", "--confirm", "lupita", "--json", env=where)
    data = document(done)["data"]
    assert [f"s3://backups/{key}" for key in keys(s3)] == [data["file"]]
    assert central.execute("SELECT count(*) FROM wabot.clients").fetchone() == (0,)


def test_a_deletion_whose_export_does_not_reach_the_bucket_deletes_nothing(
    cli: Cli, s3: Any, shop: Tenant, central: Connection
) -> None:
    words = ("tenant", "delete", "lupita", "--confirm", "lupita", "--export-to", "s3://nobodys/x")
    done = cli(*words)
    assert (done.exit_code, "there is no such bucket" in done.stderr) == (5, True)
    assert central.execute("SELECT status FROM wabot.clients").fetchone() == ("active",)


def test_a_backup_of_all_goes_on_with_what_is_missing_and_one_shop_stops_no_other(
    cli: Cli, s3: Any, create: Create, central: Connection
) -> None:
    for number, slug in enumerate(("lupita", "pepe", "rosa")):
        create(slug, phone_number_id=f"77{number}")
    (broken,) = central.execute(
        "SELECT db_connection_config->>'schema' FROM wabot.clients WHERE slug = 'pepe'"
    ).fetchall()
    central.execute(f'ALTER SCHEMA "{broken[0]}" RENAME TO elsewhere')
    words = ("tenant", "export", "--all", "--to", "s3://backups/all", "--json")
    done = cli(*words)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    results = {line["slug"]: line["result"] for line in lines[:-1]}
    assert results == {"lupita": "exported", "pepe": "failed", "rosa": "exported"}
    assert lines[-1]["error"]["message"] == "1 of 3 shops failed to be exported: pepe"
    assert len(keys(s3)) == 2

    central.execute(f'ALTER SCHEMA elsewhere RENAME TO "{broken[0]}"')
    again = [json.loads(line) for line in cli(*words).stdout.splitlines()]
    assert [line["slug"] for line in again[:-1]] == ["pepe"]
    assert (again[-1]["ok"], again[-1]["data"]["fresh"]) == (True, 2)
    assert len(keys(s3)) == 3
    kept = central.execute("SELECT count(*), min(at) FROM wabot.backups").fetchone()
    assert kept is not None
    assert kept[0] == 3
    assert datetime.now(UTC) - kept[1] < timedelta(minutes=5)
    assert "Would export 0 shops" in cli(*words[:-1], "--dry-run").stderr
    central.execute("UPDATE wabot.backups SET at = at - interval '1 day' WHERE address ~ 'rosa'")
    assert cli(*words[:-1], "--dry-run").stdout.split() == ["rosa"]
    assert cli(*words[:-1], "--dry-run", "--fresh-for", "48h").stdout.split() == []


def test_the_backup_of_all_goes_where_wabot_backups_says(
    cli: Cli, shop: Tenant, tmp_path: Path
) -> None:
    where = tmp_path / "kept"
    nothing = {"at": None, "address": None}
    assert document(cli("tenant", "show", "lupita", "--json"))["data"]["last_backup"] == nothing
    done = cli("tenant", "export", "--all", env={"WABOT_BACKUPS": str(where)})
    assert done.exit_code == 0, done.stderr
    (kept,) = where.iterdir()
    assert kept.name.startswith("lupita-")
    last = document(cli("tenant", "show", "lupita", "--json"))["data"]["last_backup"]
    assert (last["address"], len(last["at"])) == (str(kept), len("2026-11-30T03:00:00+00:00"))


def test_a_backup_elsewhere_or_an_export_of_one_shop_is_no_backup_here(
    cli: Cli, shop: Tenant, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    assert cli("tenant", "export", "lupita", "--to", str(here)).exit_code == 0
    for folder in (here, there):
        plan = cli("tenant", "export", "--all", "--to", str(folder), "--dry-run")
        assert plan.stdout.split() == ["lupita"]
    (exported,) = here.iterdir()
    exported.unlink()  # within the same second the backup has the same name
    assert cli("tenant", "export", "--all", "--to", str(here)).exit_code == 0
    for folder, due in ((here, []), (there, ["lupita"])):
        plan = cli("tenant", "export", "--all", "--to", str(folder), "--dry-run")
        assert plan.stdout.split() == due
    again = cli("tenant", "export", "--all", "--to", str(here), "--dry-run", "--fresh-for", "0")
    assert again.stdout.split() == ["lupita"]


@pytest.mark.parametrize("where", ["/proc/x", "/proc", "s3://nobodys/x"])
def test_a_place_where_nothing_can_be_kept_is_refused_also_when_nobody_is_due(
    cli: Cli, s3: Any, where: str
) -> None:
    done = cli("tenant", "export", "--all", "--to", where)
    assert done.exit_code in {2, 5}, done.stderr
    assert where in done.stderr


def test_an_export_for_people_is_no_backup(cli: Cli, shop: Tenant, central: Connection) -> None:
    assert cli("tenant", "export", "lupita", "--format", "csv").exit_code == 0
    assert central.execute("SELECT count(*) FROM wabot.backups").fetchone() == (0,)
