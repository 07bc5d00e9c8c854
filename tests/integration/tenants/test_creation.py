"""A tenant is created whole or not at all, once, and safely again."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.integration.tenants.asking import TOKEN, request_for
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Create
from wabot.config import Settings
from wabot.domain.placement import schema_placement
from wabot.errors import ConfigurationError, Conflict, DecryptionFailed, Refused, WabotError
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.engines import open_engine
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.create import CreateTenant, Creation
from wabot.services.provisioning.request import TenantRequest

Connection = psycopg.Connection[Any]


def test_the_token_is_stored_as_ciphertext_of_its_client(
    create: Create, central: Connection, settings: Settings
) -> None:
    tenant = create().tenant
    (stored,) = central.execute("select whatsapp_token from wabot.clients").fetchone() or ("",)
    assert TOKEN not in stored
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    assert cipher.decrypt(tenant.id, stored) == TOKEN
    with pytest.raises(DecryptionFailed):
        cipher.decrypt(uuid4(), stored)


def test_an_error_in_the_middle_leaves_nothing(
    use_case: CreateTenant, central: Connection, subtests: pytest.Subtests
) -> None:
    client_id = uuid4()
    role = schema_placement(client_id).role
    certain = replace(use_case, new_id=lambda: client_id)
    wait_for_number(central, request_for().phone_number_id, "521550001")
    central.execute(
        "create function wabot.fail() returns trigger language plpgsql"
        " as $$ begin raise exception 'the disk is on fire'; end $$"
    )
    before = everything(central, role)
    for moment, table in (
        ("insert", "clients"),
        ("update", "inbox"),
        ("insert", "conversations"),
        ("insert", "audit_log"),
        ("update", "registry"),
        ("update", "clients"),
    ):
        central.execute(
            f"create trigger fail before {moment} on wabot.{table}"
            " for each row execute function wabot.fail()"
        )
        with subtests.test(table=table, moment=moment):
            with pytest.raises(DBAPIError, match="the disk is on fire"):
                certain.run(request_for())
            assert everything(central, role) == before
        central.execute(f"drop trigger fail on wabot.{table}")
    assert certain.run(request_for()).created
    assert ("role", role, "") in everything(central, role)


_KILLED = """
import sys
from datetime import UTC, datetime
from uuid import UUID
from tests.integration.tenants.asking import request_for
from wabot.config import load_settings
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.engines import open_engine
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.create import CreateTenant
settings = load_settings()
CreateTenant(
    SqlTenants(open_engine(settings["DATABASE_URL"])), TokenCipher(settings["WABOT_MASTER_KEY"]),
    FolderTemplates(), now=lambda: datetime.now(UTC), new_id=lambda: UUID(sys.argv[1]),
).run(request_for())
"""


@pytest.mark.parametrize("table", ["audit_log", "registry"])
def test_a_process_killed_in_the_middle_leaves_nothing(
    create: Create,
    central: Connection,
    central_url: str,
    environment: dict[str, str],
    table: str,
) -> None:
    client_id = uuid4()
    role = schema_placement(client_id).role
    before = everything(central, role)
    with psycopg.connect(central_url) as blocker:
        blocker.execute(f"lock table wabot.{table} in share row exclusive mode")
        process = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(client_id)],
            env={"PATH": os.environ["PATH"], **environment},
            cwd=Path(__file__).parents[3],
        )
        waiting = until(
            lambda: central.execute(
                "select pid from pg_stat_activity where datname = current_database()"
                " and wait_event_type = 'Lock'"
            ).fetchone()
        )
        process.kill()
        process.wait()
    until(
        lambda: (
            central.execute(
                "select 1 from pg_stat_activity where pid = %s", [waiting[0]]
            ).fetchone()
            is None
        )
    )
    assert everything(central, role) == before
    assert create().created


def until(true: Callable[[], Any]) -> Any:
    """Wait until something holds; return it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came true")


def all_at_once(
    use_case: CreateTenant, asked: Sequence[TenantRequest]
) -> list[Creation | Conflict]:
    """Run the creations at the same moment."""
    barrier = Barrier(len(asked))

    def one(request: TenantRequest) -> Creation | Conflict:
        barrier.wait()
        try:
            return use_case.run(request)
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(one, asked))


def test_of_eight_creations_of_one_slug_one_wins(
    use_case: CreateTenant, central: Connection
) -> None:
    asked = [request_for("lupita", phone_number_id=str(500 + n)) for n in range(8)]
    outcomes = all_at_once(use_case, asked)
    created = [outcome for outcome in outcomes if isinstance(outcome, Creation)]
    assert [creation.created for creation in created] == [True]
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
    assert stands_once(central)


def test_of_eight_equal_creations_one_creates(use_case: CreateTenant, central: Connection) -> None:
    outcomes = all_at_once(use_case, [request_for()] * 8)
    created = [outcome for outcome in outcomes if isinstance(outcome, Creation)]
    assert sum(creation.created for creation in created) == 1
    assert all(creation.created or creation.existed for creation in created)
    assert stands_once(central)


def test_of_eight_creations_for_one_number_one_wins(
    use_case: CreateTenant, central: Connection
) -> None:
    asked = [request_for(f"shop-{n}", phone_number_id="777") for n in range(8)]
    outcomes = all_at_once(use_case, asked)
    assert sum(isinstance(outcome, Creation) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
    assert stands_once(central)


def test_creations_of_different_tenants_do_not_disturb_each_other(
    use_case: CreateTenant, central: Connection
) -> None:
    outcomes = all_at_once(use_case, [request_for(f"shop-{n}") for n in range(8)])
    assert all(isinstance(outcome, Creation) and outcome.created for outcome in outcomes)
    versions = central.execute("select version from wabot.clients").fetchall()
    assert len(set(versions)) == 8


def stands_once(central: Connection) -> bool:
    """Tell whether there is one client, one schema and one entry in the audit log."""
    return central.execute(
        "select (select count(*) from wabot.clients),"
        " (select count(*) from pg_namespace where nspname like 't\\_%'),"
        " (select count(*) from wabot.audit_log)"
    ).fetchone() == (1, 1, 1)


def test_asking_again_for_what_stands_changes_nothing(create: Create, central: Connection) -> None:
    first = create(owner_phone="55 1234 5678")
    before = everything(central, first.tenant.placement.role)
    again = create(owner_phone="+525512345678")
    assert (again.created, again.existed) == (False, True)
    assert again.tenant == first.tenant
    assert everything(central, first.tenant.placement.role) == before


def test_asking_for_something_else_under_a_slug_in_use_is_a_conflict(
    create: Create, central: Connection, subtests: pytest.Subtests
) -> None:
    role = create().tenant.placement.role
    before = everything(central, role)
    different = {
        "name": {"name": "Otra"},
        "plan": {"plan": "premium"},
        "token": {"token": "EAAother"},
        "phone_number_id": {"phone_number_id": "999"},
        "owner_phone": {"owner_phone": "5512345678"},
        "adviser_phone": {"adviser_phone": "5512345678"},
        "country, currency, time_zone": {"country": "PE"},
        "app_id": {"app_id": "1"},
        "waba_id": {"waba_id": "1"},
    }
    for named, changes in different.items():
        with (
            subtests.test(named),
            pytest.raises(Conflict, match=f"lupita exists already and differs in: {named}"),
        ):
            create(**changes)
    assert everything(central, role) == before


def test_a_tenant_that_is_suspended_is_not_what_was_asked_for(
    create: Create, central: Connection
) -> None:
    create()
    central.execute("update wabot.clients set status = 'suspended'")
    with pytest.raises(Conflict, match=r"status \(suspended\)"):
        create()


def test_a_number_that_another_tenant_has_is_a_conflict(
    create: Create, central: Connection
) -> None:
    role = create("first", phone_number_id="777").tenant.placement.role
    before = everything(central, role)
    with pytest.raises(Conflict, match="phone_number_id 777 already belongs to tenant first"):
        create("second", phone_number_id="777")
    assert everything(central, role) == before


def test_a_dry_run_checks_everything_and_changes_nothing(
    create: Create, central: Connection
) -> None:
    before = everything(central)
    planned = create(dry_run=True)
    assert (planned.created, planned.existed) == (False, False)
    assert everything(central) == before
    create("first", phone_number_id="777")
    with pytest.raises(Conflict):
        create("second", phone_number_id="777", dry_run=True)


def test_names_may_hold_whatever_people_call_their_shops(create: Create) -> None:
    name = 'Doña Ñusta\'s "La 5ª" %s {x} <b>; drop table 🥑'
    assert create(name=name).tenant.name == name


def test_a_lock_that_is_held_too_long_ends_the_wait(
    use_case: CreateTenant, central: Connection, central_url: str
) -> None:
    before = everything(central)
    with psycopg.connect(central_url) as blocker:
        blocker.execute("select 1 from wabot.registry for update")
        with pytest.raises(Refused, match="something else holds") as refused:
            use_case.run(request_for())
    assert refused.value.retryable
    assert everything(central) == before


def test_a_database_without_central_tables_is_named(
    make_database: Callable[..., str], use_case: CreateTenant
) -> None:
    engine = open_engine(make_database())
    with pytest.raises(ConfigurationError) as refused:
        replace(use_case, tenants=SqlTenants(engine)).run(request_for())
    engine.dispose()
    assert "wabot db upgrade" in refused.value.hint


def test_the_runtimes_login_creates_no_tenants(
    use_case: CreateTenant, runtime_url: str, central: Connection
) -> None:
    engine = open_engine(runtime_url)
    before = everything(central)
    with pytest.raises(WabotError) as refused:
        replace(use_case, tenants=SqlTenants(engine)).run(request_for())
    engine.dispose()
    assert "DATABASE_URL lacks a right" in refused.value.message
    assert everything(central) == before


def test_an_owner_that_is_no_superuser_creates_tenants(
    postgres_url: str, central_url: str, central: Connection, use_case: CreateTenant
) -> None:
    role = f"owner_{uuid4().hex[:8]}"
    database = psycopg.conninfo.conninfo_to_dict(central_url)["dbname"]
    central.execute(f"create role {role} login createrole password 'x'")
    try:
        central.execute(f'grant create, connect on database "{database}" to {role}')
        central.execute(f"grant usage on schema wabot to {role}")
        central.execute(f"grant all on all tables in schema wabot to {role}")
        given = "with admin option"
        central.execute(f"grant wabot_runtime to {role} {given}")
        login = {"user": role, "password": "x"}
        engine = open_engine(
            psycopg.conninfo.make_conninfo(
                "", **psycopg.conninfo.conninfo_to_dict(central_url) | login
            )
        )
        creation = replace(use_case, tenants=SqlTenants(engine)).run(request_for())
        engine.dispose()
        assert creation.created
        owner = central.execute(
            "select nspowner::regrole::text from pg_namespace where nspname = %s",
            [creation.tenant.placement.schema],
        ).fetchone()
        assert owner == (role,)
    finally:
        central.execute(f"drop schema if exists {creation.tenant.placement.schema} cascade")
        central.execute(f"drop owned by {role} cascade")
        central.execute(f"drop role if exists {creation.tenant.placement.role}")
        central.execute(f"drop role {role}")


def wait_for_number(central: Connection, number: str, *contacts: str, key: str = "") -> None:
    """Keep events of contacts for a number that no client has."""
    for place, contact in enumerate(contacts):
        central.execute(
            "insert into wabot.inbox"
            " (phone_number_id, dedup_key, kind, contact, payload, occurred_at, state)"
            " values (%s, %s, 'message', %s, '{}', now(), 'unrouted')",
            [number, f"wamid.{key}{place}", contact],
        )


def test_events_that_waited_for_the_number_are_handed_over(
    create: Create, central: Connection
) -> None:
    asked = request_for()
    wait_for_number(central, asked.phone_number_id, "52155", "52155", "52166")
    wait_for_number(central, "404", "52177")
    creation = create()
    assert creation.attached == 3
    events = central.execute(
        "select phone_number_id, client_id, state from wabot.inbox order by id"
    ).fetchall()
    own = (asked.phone_number_id, creation.tenant.id, "waiting")
    assert events == [own, own, own, ("404", None, "unrouted")]
    conversations = central.execute(
        "select client_id, contact, due_at <= now(), owner from wabot.conversations order by 2"
    ).fetchall()
    assert conversations == [
        (creation.tenant.id, "52155", True, None),
        (creation.tenant.id, "52166", True, None),
    ]


def test_events_already_done_stay_done(create: Create, central: Connection) -> None:
    wait_for_number(central, request_for().phone_number_id, "52155")
    central.execute("update wabot.inbox set state = 'done'")
    assert create().attached == 0
    assert central.execute("select state, client_id from wabot.inbox").fetchall() == [
        ("done", None)
    ]
