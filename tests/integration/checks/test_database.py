"""The central database: what is wrong, in the line that the operator reads."""

import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.harness import make_tenant
from wabot.checks.apps import APPS
from wabot.checks.database import DATABASE
from wabot.checks.model import CheckSet, alone
from wabot.checks.runner import Runner
from wabot.config import load_settings
from wabot.services.server_facts import ServerFacts

WRONG = urlsafe_b64encode(b"another key, also 32 bytes long.").decode()


def _statuses(found, *, but: str = "") -> dict[str, str]:
    return {
        name: result.status.value
        for name, result in found.items()
        if name.startswith("database.") and name != but
    }


async def test_a_database_that_wabot_made_is_good_in_every_way(environment, checked) -> None:
    found = await checked(environment, "database")
    assert set(_statuses(found)) == {check.id for check in (*DATABASE, *APPS)}
    assert set(_statuses(found).values()) == {"ok"}, found


async def test_wrong_credentials_are_told_with_where_they_stand(environment, checked) -> None:
    url = make_conninfo(environment["DATABASE_URL"], user="nobody_at_all", password="hidden-word")
    found = await checked(environment | {"DATABASE_URL": url}, "database")
    connects = found["database.connects"]
    assert connects.status == "error"
    assert connects.detail.startswith("Cannot connect to database ")
    assert 'role "nobody_at_all" does not exist' in connects.detail or "password" in connects.detail
    assert "the user and password in DATABASE_URL" in connects.fix
    assert "hidden-word" not in f"{connects.detail}{connects.fix}"
    assert set(_statuses(found, but="database.connects").values()) == {"skipped"}
    assert found["database.version"].detail == "database.connects failed"


async def test_a_closed_port_is_told_with_where_to_look(environment, checked) -> None:
    url = "postgresql://wabot_owner:hidden-word@127.0.0.1:1/wabot"
    found = await checked(environment | {"DATABASE_URL": url}, "database.connects")
    connects = found["database.connects"]
    assert connects.detail.startswith(
        "Cannot connect to database wabot on 127.0.0.1 port 1: connection failed: connection to"
        ' server at "127.0.0.1", port 1 failed: Connection refused'
    )
    assert connects.fix == (
        "Check that the server runs and is reached from here, and the user and password in"
        " DATABASE_URL (or RUNTIME_DATABASE_URL)."
    )


async def test_empty_databases_ask_for_the_upgrade(environment, checked, make_database) -> None:
    empty = environment | {"DATABASE_URL": make_database()}
    del empty["RUNTIME_DATABASE_URL"]
    found = await checked(empty, "database")
    revision = found["database.revision"]
    assert (revision.status, revision.fix) == ("error", "wabot db upgrade")
    assert revision.detail == "there are no central tables yet"
    new = await checked({**empty, "WABOT_MASTER_KEY": ""}, "database", "whatsapp")
    assert new["database.revision"].fix == "wabot init"
    assert new["whatsapp.token"].detail == "database.revision failed"
    assert found["database.keys"].status == "skipped"


async def test_tables_of_a_newer_wabot_are_named(environment, checked, central_url) -> None:
    with psycopg.connect(central_url) as connection:
        connection.execute("update wabot.alembic_version set version_num = '9999'")
        connection.execute("update wabot.registry set serves_from = '9998'")
    revision = (await checked(environment, "database"))["database.revision"]
    assert (revision.status, "9999" in revision.detail) == ("error", True)


async def test_the_owners_login_is_too_mighty_to_serve(environment, checked) -> None:
    mighty = environment | {"RUNTIME_DATABASE_URL": environment["DATABASE_URL"]}
    login = (await checked(mighty, "database"))["database.runtime_login"]
    assert login.status == "error"
    assert "logs in to" in login.detail
    assert "wabot db upgrade" in login.fix


async def test_rights_that_the_runtime_must_not_have_are_named(
    environment, checked, central_url
) -> None:
    with psycopg.connect(central_url) as connection:
        connection.execute("grant update on wabot.clients to wabot_runtime")
    role = (await checked(environment, "database"))["database.runtime_role"]
    assert (role.status, role.detail) == ("error", "UPDATE on clients is too much")
    assert role.fix == "wabot db upgrade"


async def test_keys_that_open_no_token_are_an_error_and_some_lost_ones_a_warning(
    environment, checked, make_shop
) -> None:
    make_shop("bodega")
    lost = environment | {"WABOT_MASTER_KEY": WRONG}
    keys = (await checked(lost, "database.keys"))["database.keys"]
    assert keys.status == "error"
    assert keys.detail.startswith("WABOT_MASTER_KEY opens no token: 1 is encrypted with")
    both = f"{WRONG},{environment['WABOT_MASTER_KEY']}"
    settings = load_settings(environ=environment | {"WABOT_MASTER_KEY": both})
    make_tenant(settings, environment["DATABASE_URL"], "otra", number="106500000000002")
    keys = (await checked(environment, "database.keys"))["database.keys"]
    assert (keys.status, "1 token is encrypted" in keys.detail) == ("warning", True)


async def test_shops_that_are_behind_are_counted(environment, checked, make_shop) -> None:
    make_shop("bodega")
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("update wabot.clients set schema_revision = 'base_9999'")
    behind = (await checked(environment, "database.behind"))["database.behind"]
    assert (behind.status, behind.fix) == ("warning", "wabot tenant migrate --all")
    assert behind.detail == "1 shop lacks revisions (at base_9999)"


async def test_shops_of_an_app_that_is_not_ours_are_named_with_both_ways_to_mend_it(
    environment, checked, make_shop
) -> None:
    make_shop("bodega", app_id="999999999999")
    name, ours = "database.apps", environment["WHATSAPP_APP_ID"]
    apps = (await checked(environment, name))[name]
    assert apps.status == "error"
    assert apps.detail.startswith("no shop is served")
    assert apps.detail.endswith("(999999999999: bodega)")
    assert f"wabot tenant update bodega --app-id {ours}; if 999999999999 is" in apps.fix
    assert "correct WHATSAPP_APP_ID in" in apps.fix
    make_shop("buena", "106500000000002")
    apps = (await checked(environment, name))[name]
    assert (apps.status, apps.detail.split(":")[0]) == ("warning", "1 shop is not served")
    more = environment | {"WHATSAPP_MORE_APPS": "999999999999=another-secret-of-meta"}
    assert (await checked(more, name))[name].status == "ok"


async def test_without_an_app_id_what_the_secret_signs_is_for_every_shop(
    environment, checked, make_shop
) -> None:
    make_shop("bodega", app_id="999999999999")
    apps = (await checked(environment | {"WHATSAPP_APP_ID": ""}, "database.apps"))["database.apps"]
    assert apps.status == "skipped"


async def test_an_owner_without_the_rights_to_make_shops_is_told_what_to_grant(
    environment, checked, central_url
) -> None:
    name = f"poor_{conninfo_to_dict(central_url)['dbname']}"
    with psycopg.connect(central_url, autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'poor'")
        try:
            connection.execute(f"grant usage on schema wabot to {name}")
            connection.execute(f"grant select on all tables in schema wabot to {name}")
            url = make_conninfo(central_url, user=name, password="poor")
            found = await checked(environment | {"DATABASE_URL": url}, "database")
        finally:
            connection.execute(f"drop owned by {name}")
            connection.execute(f"drop role {name}")
    rights, databases = found["database.rights"], found["database.databases"]
    assert rights.detail == (
        f"{name} may not create schemas nor create roles: each shop gets its own of them"
    )
    assert f'alter role "{name}" createrole;' in rights.fix
    assert (databases.status, rights.status) == ("warning", "warning")


async def test_a_machine_that_only_serves_is_not_asked_for_the_owners_rights(
    environment, checked
) -> None:
    del environment["DATABASE_URL"]
    found = await checked(environment, "database")
    skipped = {name for name, result in found.items() if result.status == "skipped"}
    assert skipped == {"database.rights", "database.databases"}


GOOD = {
    "where": "database wabot on db.example",
    "version": "17.2",
    "user": "wabot_owner",
    "latency": timedelta(milliseconds=1),
    "skew": timedelta(0),
    "near": False,
    "encrypted": True,
    "pooled": False,
    "max_connections": 100,
    "reserved_connections": 3,
    "max_locks": 64,
    "may_create_schemas": True,
    "may_create_roles": True,
    "may_create_databases": True,
}


class _Told:
    """A server of which all is known beforehand."""

    servers, pool_size = 1, 8

    def __init__(self, **facts: object) -> None:
        self.facts = ServerFacts(**{**GOOD, **facts})

    async def as_owner(self) -> ServerFacts:
        return self.facts

    async def pooled(self) -> bool:
        return self.facts.pooled


@pytest.mark.parametrize(
    ("facts", "check", "said"),
    [
        ({"version": "12.1"}, "version", "PostgreSQL 12.1 is none of those"),
        ({"latency": timedelta(milliseconds=80)}, "latency", "80.0 ms for an answer"),
        ({"encrypted": False}, "tls", "is not encrypted: passwords and messages can be read"),
        ({"skew": timedelta(seconds=-90)}, "clock", "clock is 90 s behind this machine's"),
        ({"max_connections": 10}, "connections", "may take 13 connections and the server allows 7"),
        ({"serving": 12}, "connections", "12 serving processes may take 101 connections and the"),
        ({"max_locks": 10}, "locks", "max_locks_per_transaction is 10"),
    ],
)
async def test_a_server_that_is_set_badly_is_warned_of_with_a_repair(
    facts: dict[str, object], check: str, said: str
) -> None:
    one = next(each for each in DATABASE if each.id == f"database.{check}")
    (good,) = await Runner().run([CheckSet((one,), alone(_Told()))])
    (bad,) = await Runner().run([CheckSet((one,), alone(_Told(**facts)))])
    assert (good.status, bad.status) == ("ok", "warning")
    assert said in bad.detail
    assert bad.fix


def test_the_command_ends_with_1_and_names_the_next_command(
    environment, make_database, tmp_path: Path
) -> None:
    empty = environment | {"DATABASE_URL": make_database()}
    done = subprocess.run(
        [sys.executable, "-c", "from wabot.cli import main; main()", "check", "database", "--json"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **empty},
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["next"] == ["wabot db upgrade"]
    assert {line["status"] for line in document["data"]} >= {"ok", "error", "skipped"}
