"""Killed at any step and given again, every act ends the same, with nothing orphaned."""

from datetime import UTC, datetime
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.integration.lifecycle.killing import Run
from tests.integration.lifecycle.rows import Connection, contents, fill
from tests.integration.lifecycle.test_delete import databases, fill_central, left
from tests.integration.tenants.asking import TOKEN, request_for
from wabot.config import Settings
from wabot.container import tenants_at
from wabot.domain.tenant import Tenant
from wabot.gateways.depots import FolderDepot
from wabot.gateways.media import FolderStorage
from wabot.services.provisioning.lifecycle_ports import Extent


@pytest.fixture
def keys(settings: Settings) -> Any:
    return settings["WABOT_MASTER_KEY"]


def find(url: str, slug: str) -> Tenant | None:
    with tenants_at(url) as provisioning:
        return provisioning.tenants.find(slug)


def remove(run: Run, slug: str, folder: Path) -> None:
    act = methodcaller("run", slug, FolderDepot(folder), confirmed=slug)
    Run(run.owner_url, run.keys, deletion(folder), act).once()


def deletion(folder: Path) -> Any:
    return methodcaller("delete", FolderStorage(folder / "files"))


def stays(central: Connection) -> tuple[set[tuple[str, ...]], set[str], set[str]]:
    """Return what must be as before once a shop came and went: roles and databases as well."""
    roles = {
        name
        for (name,) in central.execute(
            "SELECT rolname FROM pg_roles r JOIN pg_shdescription d ON d.objoid = r.oid"
            " WHERE d.description = ANY (SELECT 'wabot tenant=' || client_id FROM wabot.audit_log)"
        ).fetchall()
    }
    return left(central), databases(central), roles


def create_run(url: str, keys: Any, isolation: str) -> Run:
    request = request_for("lupita", plan="premium", isolation=isolation)
    act = methodcaller("run", request)
    # In a schema it is one transaction, torn at each of its statements; elsewhere it has several.
    events = ("before_cursor_execute",) if isolation == "schema" else ("commit",)
    return Run(url, keys, attrgetter("create"), act, ports=("tenants",), events=events)


@pytest.fixture
def shared(central: Connection) -> None:
    """The shared schema stays when the last shop in it goes."""
    central.execute("CREATE SCHEMA wabot_shared")
    central.execute("COMMENT ON SCHEMA wabot_shared IS 'wabot shared'")


ISOLATIONS = ["schema", "prefix", "database"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_creation(
    central: Connection, central_url: str, keys: Any, shared: None, tmp_path: Path, *,
    isolation: str,
) -> None:  # fmt: skip
    before = stays(central)
    run = create_run(central_url, keys, isolation)
    whole = run.once().tenant
    expected = contents_of(central_url, whole)
    remove(run, "lupita", tmp_path)
    died = 0
    for _ in run.deaths():
        died += 1
        again = run.once()
        assert again.tenant.status.value == "active"
        assert counts(contents_of(central_url, again.tenant)) == counts(expected)
        remove(run, "lupita", tmp_path)
        assert stays(central) == before
    assert died > 5
    remove(run, "lupita", tmp_path)


def contents_of(url: str, tenant: Tenant) -> dict[str, list[str]]:
    place = tenant.placement
    where = make_conninfo(url, dbname=place.database) if place.database else url
    with psycopg.connect(where, autocommit=True) as connection:
        return contents(connection, place)


def counts(rows: dict[str, list[str]]) -> dict[str, int]:
    return {table: len(found) for table, found in rows.items()}


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_deletion(
    central: Connection, central_url: str, keys: Any, shared: None, tmp_path: Path, *,
    isolation: str,
) -> None:  # fmt: skip
    before = stays(central)
    creation = create_run(central_url, keys, isolation)
    act = methodcaller("run", "lupita", FolderDepot(tmp_path), confirmed="lupita")
    ports = ("removals", "exports", "files")
    run = Run(central_url, keys, deletion(tmp_path), act, ports=ports)
    creation.once()
    died = 0
    for _ in run.deaths():
        died += 1
        run.once()
        assert stays(central) == before
        assert list(tmp_path.glob("*.part")) == []
        creation.once()
        fill_central(central)
    assert died > 15
    assert stays(central) == before


@pytest.mark.parametrize("isolation", ["schema", "database"])
def test_an_import(
    central: Connection, central_url: str, keys: Any, tmp_path: Path, *, isolation: str
) -> None:
    source = create_run(central_url, keys, "schema").once().tenant
    fill(central, source.placement)
    file = tmp_path / "file.tgz"
    with tenants_at(central_url, keys=keys) as provisioning:
        provisioning.exports.export(source, file, now=datetime.now(UTC), progress=lambda _: None)
    before = stays(central)
    request = request_for("dos", plan="premium", isolation=isolation, phone_number_id="42")
    act = methodcaller("run", file, request)
    run = Run(central_url, keys, attrgetter("import_"), act, ("exports", "copies"), ("commit",))
    expected = counts(contents(central, source.placement)) | {"pending_effects": 0}
    for _ in run.deaths():
        again = run.once().creation.tenant
        assert counts(contents_of(central_url, again)) == expected
        remove(run, "dos", tmp_path)
        assert stays(central) == before
    remove(run, "dos", tmp_path)


def test_a_clone(central: Connection, central_url: str, keys: Any, tmp_path: Path) -> None:
    source = create_run(central_url, keys, "schema").once().tenant
    fill(central, source.placement)
    before = stays(central)
    request = request_for("dos", plan="premium", phone_number_id="42", token=TOKEN, name="")
    act = methodcaller("run", "lupita", request, Extent.CUSTOMERS)
    run = Run(central_url, keys, attrgetter("clone"), act, ("copies",), ("commit",))
    expected = counts(contents(central, source.placement)) | {"pending_effects": 0}
    for _ in run.deaths():
        assert counts(contents_of(central_url, run.once().tenant)) == expected
        remove(run, "dos", tmp_path)
        assert stays(central) == before
    remove(run, "dos", tmp_path)
