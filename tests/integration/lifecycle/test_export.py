"""An export holds the whole shop as of one moment, or is not there."""

import csv
import io
import json
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.lifecycle.rows import Connection, contents, fill
from tests.integration.tenants.asking import document
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli, Create
from wabot.container import tenants_at
from wabot.domain.tenant import Tenant
from wabot.errors import ExternalFailure, InvalidInput
from wabot.gateways.embedded_postgres.binaries import find_binaries
from wabot.repositories.provisioning.archive_file import read_manifest


@pytest.fixture
def shop(create: Create, central: Connection) -> Tenant:
    tenant = create().tenant
    fill(central, tenant.placement)
    return tenant


def test_the_file_holds_every_row_and_only_its_owner_may_read_it(
    cli: Cli, shop: Tenant, central: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "lupita.tgz"
    done = cli("tenant", "export", "lupita", "--out", str(file), "--json")
    data = document(done)["data"]
    original = contents(central, shop.placement)
    original.pop("alembic_version")
    assert data["tables"] == {table: len(rows) for table, rows in original.items()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_manifest(file).rows == data["rows"]
    assert list(tmp_path.glob("*.part")) == []


def test_nothing_of_the_shop_changes_but_the_export_is_audited(
    cli: Cli, shop: Tenant, central: Connection
) -> None:
    before = everything(central), contents(central, shop.placement)
    assert cli("tenant", "export", "lupita", "--dry-run").exit_code == 0
    assert (everything(central), contents(central, shop.placement)) == before
    assert list(Path().glob("lupita*")) == []
    assert cli("tenant", "export", "lupita").exit_code == 0
    assert contents(central, shop.placement) == before[1]
    (file,) = Path().glob("lupita-*.wabot.tgz")
    assert everything(central) - before[0] == {("row", "audit", "2")}
    (details,) = central.execute(
        "SELECT details->>'file' FROM wabot.audit_log WHERE action = 'tenant.export'"
    ).fetchall()
    assert details == (file.name,)


def test_a_file_that_exists_is_never_overwritten(cli: Cli, shop: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("precious")
    done = cli("tenant", "export", "lupita", "--out", str(file))
    assert (done.exit_code, file.read_text()) == (4, "precious")


def test_a_folder_gets_a_file_of_its_own(cli: Cli, shop: Tenant, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    assert cli("tenant", "export", "lupita", "--out", str(folder)).exit_code == 0
    assert [path.suffix for path in folder.iterdir()] == [".tgz"]


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("-", "--out"),
        ("missing/", "--out"),
        ("missing/x.tgz", "Hint: Make it first (mkdir -p missing)"),
    ],
)
def test_a_target_that_is_no_file_of_a_folder_that_exists_is_refused(  # noqa: PLR0917 - fixtures
    cli: Cli, shop: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    for words in ((), ("--dry-run",), ("--format", "pgdump")):
        done = cli("tenant", "export", "lupita", "--out", out, *words)
        assert (done.exit_code, said in done.stderr) == (2, True)
    assert set(tmp_path.iterdir()) == before


def test_a_failure_in_the_middle_leaves_no_file(
    shop: Tenant, environment: dict[str, str], tmp_path: Path
) -> None:
    def fails(_: int) -> None:
        raise OSError("the disk is full")

    with (
        tenants_at(environment["DATABASE_URL"]) as provisioning,
        pytest.raises(ExternalFailure, match="the disk is full"),
    ):
        provisioning.exports.export(shop, tmp_path / "file", now=datetime.now(UTC), progress=fails)
    assert [path for path in tmp_path.iterdir() if path.name.startswith("file")] == []


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(
    cli: Cli, shop: Tenant, central: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "csv.tgz"
    central.execute(f'UPDATE "{shop.placement.schema}".customer_addresses SET latitude = -12.5')
    assert cli("tenant", "export", "lupita", "--format", "csv", "--out", str(file)).exit_code == 0
    with tarfile.open(file) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        tables = {
            table["name"]: list(
                csv.DictReader(
                    io.TextIOWrapper(tar.extractfile(f"{table['name']}.csv"), "utf-8", newline="")
                )
            )
            for table in manifest["tables"]
        }
        assert {t["name"]: t["rows"] for t in manifest["tables"]} == {
            name: len(rows) for name, rows in tables.items()
        }
    assert {row["words"] for row in tables["unknown_words"]} == {"'=cmd", ""}
    assert all(row["address"].startswith("'=Calle") for row in tables["customer_addresses"])
    assert {row["latitude"] for row in tables["customer_addresses"]} == {"-12.5"}
    assert all(row["phone_number"].startswith("'+52") for row in tables["customers"])
    assert '\t"1"\\N' in "".join(row["name"] for row in tables["customers"])


def test_pg_restore_reads_the_pgdump(
    cli: Cli, shop: Tenant, central: Connection, tmp_path: Path, make_database: Callable[..., str]
) -> None:
    file = tmp_path / "dump"
    done = cli("tenant", "export", "lupita", "--format", "pgdump", "--out", str(file))
    assert done.exit_code == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    restore = find_binaries().program("pg_restore")
    made = make_database()
    subprocess.run(
        [restore, "--exit-on-error", "--dbname", made, file],
        check=True, env={"PATH": os.environ["PATH"]}, capture_output=True,
    )  # fmt: skip
    import psycopg

    with psycopg.connect(made) as restored:
        assert contents(restored, shop.placement) == contents(central, shop.placement)


@pytest.mark.parametrize("damage", ["cut", "altered", "empty", "other"])
def test_a_file_that_is_not_whole_is_told(
    cli: Cli, shop: Tenant, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "file"
    cli("tenant", "export", "lupita", "--out", str(file))
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {
            "cut": whole[:-700],
            "altered": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "other": b"PK\x03\x04 something else",
        }[damage]
    )
    with pytest.raises(InvalidInput, match="cannot be used"):
        read_manifest(file)


def rewritten(file: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> None:
    """Change members of an archive as somebody with the right tools could."""
    members = []
    with tarfile.open(file) as tar:
        for member in tar:
            changed = change(member.name, tar.extractfile(member).read())
            if changed is not None:
                members.append(changed)
    with tarfile.open(file, "w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_a_member_that_was_changed_added_or_taken_out_is_told(
    cli: Cli, shop: Tenant, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    file = tmp_path / "file"
    cli("tenant", "export", "lupita", "--out", str(file))
    whole = file.read_bytes()
    changes: dict[str, Callable[[str, bytes], tuple[str, bytes] | None]] = {
        "a row": lambda n, d: (n, d.replace(b"Arroz", b"Bulgur") if n != "manifest.json" else d),
        "a table": lambda n, d: None if n.startswith("orders.") else (n, d),
        "the manifest": lambda n, d: None if n == "manifest.json" else (n, d),
        "a path": lambda n, d: ("../../etc/passwd" if n.startswith("orders.") else n, d),
        "an absolute path": lambda n, d: ("/etc/passwd" if n.startswith("orders.") else n, d),
        "the order": lambda n, d: (n.replace(".000000.", ".000007."), d),
        "another table": lambda n, d: (n.replace("unknown_words", "clients"), d),
    }
    for what, change in changes.items():
        with subtests.test(what):
            file.write_bytes(whole)
            rewritten(file, change)
            with pytest.raises(InvalidInput, match="cannot be used"):
                read_manifest(file)
    file.write_bytes(whole)
    rewritten(file, lambda n, d: (n, d))
    assert read_manifest(file).rows > 0
