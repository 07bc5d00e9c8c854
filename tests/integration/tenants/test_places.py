"""Tenants are created in any kind of place, whole in the end, however often it takes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.harness import open_shop
from tests.integration.tenants.asking import create_words, document, request_for
from tests.integration.tenants.conftest import Cli
from wabot.config import Settings
from wabot.container import Provisioning, tenants_at
from wabot.domain.tenant import Isolation, Tenant, TenantStatus
from wabot.errors import (
    ConfigurationError,
    Conflict,
    ExternalFailure,
    InvalidInput,
    Refused,
    UnknownChoice,
)
from wabot.repositories.provisioning.servers import split_database_url
from wabot.services.provisioning.create import Creation
from wabot.services.provisioning.look import report_on
from wabot.services.provisioning.places import DatabaseAt

Connection = psycopg.Connection[Any]


@pytest.fixture
def provisioning(settings: Settings, central_url: str) -> Iterator[Provisioning]:
    with tenants_at(central_url, keys=settings["WABOT_MASTER_KEY"]) as found:
        yield found


@pytest.fixture
def create_at(provisioning: Provisioning) -> Callable[..., Creation]:
    def run(slug: str = "lupita", at: DatabaseAt | None = None, **asked: str) -> Creation:
        request = request_for(slug, plan="premium", **asked)
        return provisioning.create.run(request, at=at or DatabaseAt())

    return run


@pytest.mark.parametrize("isolation", list(Isolation))
def test_every_kind_of_place_gets_the_same_tables_and_rows(
    create_at: Callable[..., Creation], provisioning: Provisioning, isolation: Isolation
) -> None:
    plain = create_at("plain").tenant
    tenant = create_at(isolation=isolation.value).tenant
    assert tenant.status is TenantStatus.ACTIVE
    assert provisioning.tenants.find("lupita") == tenant
    assert provisioning.tenants.read_seed(tenant) == provisioning.tenants.read_seed(plain)
    assert provisioning.tenants.counts(tenant) == provisioning.tenants.counts(plain)
    assert columns(provisioning.owner_url, tenant) == columns(provisioning.owner_url, plain)
    again = create_at(isolation=isolation.value)
    assert (again.created, again.existed) == (False, True)


def columns(owner_url: str, tenant: Tenant) -> set[tuple[str, ...]]:
    place = tenant.placement
    with open_shop(owner_url, tenant) as shop:
        rows = shop.execute(
            "SELECT substr(table_name, %s) AS t, column_name AS c, data_type AS d,"
            " is_nullable AS n, is_identity AS i FROM information_schema.columns"
            " WHERE table_schema = %s AND starts_with(table_name, %s)",
            [len(place.prefix) + 1, place.schema, place.prefix],
        ).fetchall()
    assert len(rows) > 80
    return {tuple(row.values()) for row in rows}


def test_another_place_than_the_one_that_stands_is_a_conflict(
    create_at: Callable[..., Creation],
) -> None:
    create_at(isolation="prefix")
    with pytest.raises(Conflict, match="isolation and database"):
        create_at()


def test_a_thousand_names_of_the_shared_schema_cost_no_right_of_the_schema(
    create_at: Callable[..., Creation], central: Connection
) -> None:
    for number in range(3):
        create_at(f"shop-{number}", isolation="prefix")
    (rights,) = central.execute(
        "SELECT cardinality(nspacl) FROM pg_namespace WHERE nspname = 'wabot_shared'"
    ).fetchone() or (0,)
    assert rights == 2, "the owner's and everybody's"


@pytest.mark.parametrize("missing", ["nothing", "the tables", "the mark", "the database"])
def test_what_a_killed_creation_left_is_finished_by_the_same_command(
    create_at: Callable[..., Creation],
    provisioning: Provisioning,
    central: Connection,
    missing: str,
) -> None:
    first = create_at(isolation="database")
    place = first.tenant.placement
    whole = columns(provisioning.owner_url, first.tenant)
    central.execute("UPDATE wabot.clients SET status = 'provisioning'")
    central.execute("DELETE FROM wabot.audit_log")
    if missing == "the tables":
        with open_shop(provisioning.owner_url, first.tenant) as shop:
            shop.execute(f"DROP SCHEMA {place.schema} CASCADE")
    if missing == "the mark":
        central.execute(f"COMMENT ON DATABASE {place.database} IS NULL")
    if missing == "the database":
        central.execute(f"DROP DATABASE {place.database} WITH (FORCE)")
    assert report_on(provisioning.tenants, "lupita").tenant.status is TenantStatus.PROVISIONING
    ended = create_at(isolation="database")
    assert ended.created
    assert ended.tenant.id == first.tenant.id
    assert provisioning.tenants.find("lupita") == ended.tenant
    assert ended.tenant.status is TenantStatus.ACTIVE
    assert columns(provisioning.owner_url, ended.tenant) == whole
    assert provisioning.tenants.counts(ended.tenant).products > 0
    noted = central.execute("SELECT action FROM wabot.audit_log").fetchall()
    assert noted == [("tenant.create",)]


_KILLED = """
from tests.integration.tenants.asking import request_for
from wabot.config import load_settings
from wabot.container import open_tenants
with open_tenants(load_settings()) as provisioning:
    provisioning.create.run(request_for(plan="premium", isolation="database"))
"""


def test_a_creation_killed_before_its_last_step_is_finished_by_the_same_command(
    create_at: Callable[..., Creation],
    provisioning: Provisioning,
    central: Connection,
    environment: dict[str, str],
) -> None:
    with psycopg.connect(provisioning.owner_url) as blocker:
        blocker.execute("LOCK TABLE wabot.audit_log IN SHARE ROW EXCLUSIVE MODE")
        process = subprocess.Popen(
            [sys.executable, "-c", _KILLED],
            env={"PATH": os.environ["PATH"], **environment},
            cwd=Path(__file__).parents[3],
        )
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        deadline = time.monotonic() + 30
        while not central.execute(waiting).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait()
    found = provisioning.tenants.find("lupita")
    assert found is not None
    assert found.status is TenantStatus.PROVISIONING
    deadline = time.monotonic() + 10
    while True:
        try:
            ended = create_at(isolation="database")
            break
        except (Conflict, Refused):
            # PostgreSQL has not noticed yet that the first one is dead.
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert ended.tenant.id == found.id
    assert ended.tenant.status is TenantStatus.ACTIVE


def test_a_plan_without_a_database_of_its_own_waits_until_the_shop_has_moved(
    create_at: Callable[..., Creation], cli: Cli
) -> None:
    create_at(isolation="database")
    refused = cli("tenant", "update", "lupita", "--plan", "completo")
    assert refused.exit_code == 4
    assert "wabot tenant move lupita --isolation schema" in refused.output
    assert cli("tenant", "move", "lupita", "--isolation", "schema").exit_code == 0
    assert cli("tenant", "update", "lupita", "--plan", "completo").exit_code == 0


def test_a_database_that_cannot_be_the_tenants_leaves_no_row(
    create_at: Callable[..., Creation], provisioning: Provisioning, central_url: str
) -> None:
    parameters = conninfo_to_dict(central_url)
    database = str(parameters.pop("dbname"))
    parameters.pop("password", None)
    server, _ = split_database_url(make_conninfo("", **parameters))
    with pytest.raises(Refused, match="wabot's central tables"):
        create_at(at=DatabaseAt(server, database), isolation="database")
    assert provisioning.tenants.find("lupita") is None


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"isolation": "galaxy"}, UnknownChoice, "known: database, prefix, schema"),
        ({"isolation": "schema"}, InvalidInput, "--database-url is for --isolation database"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(
    create_at: Callable[..., Creation], asked: dict[str, str], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        create_at(at=DatabaseAt("host=db2.example"), **asked)


@pytest.fixture
def elsewhere(make_database: Callable[..., str]) -> DatabaseAt:
    """An empty database on what is named as another server."""
    given = conninfo_to_dict(make_database())
    password = str(given.pop("password", "")) or "password of the other server"
    server, database = split_database_url(make_conninfo("", **given))
    return DatabaseAt(server, database, password)


@pytest.fixture
def weak_login(postgres_url: str) -> Iterator[str]:
    """A user who may make databases and no roles."""
    name = f"t{os.environ['TESTS_OF_WABOT_RUN']}_no_roles"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN CREATEDB PASSWORD 'weak'")
        yield name
        server.execute(f"DROP ROLE {name}")


def test_a_dry_run_refuses_the_places_that_the_creation_would(
    create_at: Callable[..., Creation],
    provisioning: Provisioning,
    elsewhere: DatabaseAt,
    weak_login: str,
    subtests: pytest.Subtests,
) -> None:
    other = create_at("ajena", isolation="database").tenant.placement.database
    given = conninfo_to_dict(elsewhere.server)
    weak = make_conninfo("", **given | {"user": weak_login})
    with psycopg.connect(elsewhere.server, dbname=elsewhere.database) as database:
        database.execute("CREATE TABLE public.theirs (id int)")
    request = request_for(plan="premium", isolation="database")
    for name, at, kind, said in (
        (
            "nothing listens",
            replace(elsewhere, server="host=127.0.0.1 port=1 user=nobody"),
            ExternalFailure,
            "Cannot connect",
        ),
        (
            "another shop's, by another name of the server",
            replace(elsewhere, database=other),
            Conflict,
            "is already that of tenant ajena;",
        ),
        (
            "another shop's",
            DatabaseAt(database=other),
            Conflict,
            "is already that of tenant ajena;",
        ),
        ("something else in it", elsewhere, Refused, "holds 1 table of something else"),
        ("no right", DatabaseAt(weak, "not_there", "weak"), Refused, "may not make roles"),
    ):
        for dry_run in (True, False):
            with subtests.test(name, dry_run=dry_run), pytest.raises(kind, match=said):
                provisioning.create.run(request, at=at, dry_run=dry_run)
    assert provisioning.tenants.find("lupita") is None


def test_a_dry_run_refuses_a_central_login_that_may_not_make_roles(
    central_url: str, weak_login: str, settings: Settings, central: Connection
) -> None:
    central.execute(f"GRANT USAGE ON SCHEMA wabot TO {weak_login}")
    central.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA wabot TO {weak_login}")
    url = make_conninfo(central_url, user=weak_login, password="weak")
    with (
        tenants_at(url, keys=settings["WABOT_MASTER_KEY"]) as weak,
        pytest.raises(ConfigurationError, match="may not make roles and schemas"),
    ):
        weak.create.run(request_for(), dry_run=True)
    central.execute(f"DROP OWNED BY {weak_login}")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["schema: schema t_<id>", "wabot_t_<id>"]),
        (["--isolation", "prefix"], ["prefix: schema wabot_shared, prefix p<id>_", "wabot_t_<id>"]),
        (["--isolation", "database"], ["database: database wabot_<id>, schema t_<id>"]),
    ],
)
def test_a_dry_run_prints_the_plan(cli: Cli, words: list[str], names: list[str]) -> None:
    asked = [*create_words(plan="premium", owner_phone="+525512345678"), "--dry-run", *words]
    planned = cli(*asked, stdin="EAAtoken\n")
    assert planned.exit_code == 0, planned.output
    for told in (
        *names,
        "roles: wabot_t_<id>",
        "106540352242922, 80 messages per second",
        "MX, MXN, America/Mexico_City",
        "48 products",
        "+525512345678",
    ):
        assert told in planned.stderr
    data = document(cli(*asked, "--json", stdin="EAAtoken\n"))["data"]
    assert (data["id"], data["role"]) == ("", "wabot_t_<id>")


def test_the_command_creates_a_database_and_shows_no_password(
    cli: Cli, central_url: str, make_database: Callable[..., str]
) -> None:
    given = conninfo_to_dict(make_database())
    password = str(given.pop("password", "")) or "s3cret-of-the-server"
    url = make_conninfo("", **given)
    done = cli(
        *create_words(plan="premium"),
        "--isolation",
        "database",
        "--database-url",
        url,
        "--json",
        stdin="EAAtoken\n",
        env={"WABOT_DATABASE_PASSWORD": password},
    )
    assert done.exit_code == 0, done.output
    assert document(done)["data"]["database"] == given["dbname"]
    shown = cli("tenant", "show", "lupita", "--json")
    assert document(shown)["data"]["placement"]["owner_secret"] == "stored encrypted"
    moved = cli("tenant", "move", "lupita", "--isolation", "prefix", "--drop-source", "--json")
    assert moved.exit_code == 0, moved.output
    assert document(moved)["data"]["moved"] is True
    for told in (done, shown, moved):
        assert password not in told.output
        assert "v1." not in told.output
    with psycopg.connect(central_url) as central:
        kept = central.execute("SELECT clients::text FROM wabot.clients").fetchall()
        noted = central.execute("SELECT audit_log::text FROM wabot.audit_log").fetchall()
    assert password not in str(kept) + str(noted)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--isolation", "database"], 4, "plan basico does not include a database"),
        (["--isolation", "galaxy"], 2, "unknown isolation"),
        (["--database-password-file", "x"], 2, "--database-password-file is for --database-url"),
        (
            ["--isolation", "database", "--database-url", "postgresql://a:b@h/d"],
            2,
            "holds a password",
        ),
        (
            ["--isolation", "database", "--database-url", "elsewhere"],
            2,
            "--database-url is not one that",
        ),
        (
            [
                "--isolation",
                "database",
                "--database-url",
                "postgresql://a@h/d",
                "--database-password-file",
                "-",
            ],
            2,
            "two secrets",
        ),
    ],
)
def test_options_that_cannot_be_right_are_refused(
    cli: Cli, words: list[str], code: int, said: str
) -> None:
    done = cli(*create_words(), *words, stdin="EAAtoken\n")
    assert done.exit_code == code, done.output
    assert said in done.output
    assert cli("tenant", "list").stdout == ""


@pytest.mark.parametrize(("name", "fits"), [("d" * 63, True), ("d" * 64, False), ("ñ" * 32, False)])
def test_a_databases_name_that_postgresql_would_cut_is_refused(name: str, fits: bool) -> None:
    url = make_conninfo("", host="db.example", dbname=name)
    if fits:
        assert split_database_url(url)[1] == name
        return
    with pytest.raises(InvalidInput, match="would cut it to 63"):
        split_database_url(url)
