"""A tenant moves between places with every row, and can always go on where it was."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.harness import make_tenant, open_shop
from tests.integration.tenants.conftest import Cli
from wabot.config import Settings
from wabot.container import Provisioning, tenants_at
from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.tenant import Isolation, Tenant, TenantStatus
from wabot.errors import Conflict, InvalidInput, Refused, WabotError
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.provisioning.servers import split_database_url
from wabot.services.provisioning.move import MoveRequest, MoveStep
from wabot.services.provisioning.places import DatabaseAt


@pytest.fixture
def provisioning(settings: Settings, central_url: str) -> Iterator[Provisioning]:
    with tenants_at(central_url, keys=settings["WABOT_MASTER_KEY"], actor="ops") as found:
        yield found


@pytest.fixture
def tenant(settings: Settings, central_url: str) -> Tenant:
    made = make_tenant(settings, central_url, "bodega", plan="premium")
    with open_shop(central_url, made) as shop:
        shop.execute(
            "WITH ana AS (INSERT INTO customers (wa_id, name, first_contact_at)"
            " VALUES ('5215550100001', 'Ana \\ ñ 🥑', now()) RETURNING id),"
            " first AS (INSERT INTO orders (customer_id, total, status, source)"
            " SELECT id, 56.50, 'pendiente', 'wamid.1' FROM ana RETURNING id)"
            " INSERT INTO order_items (order_id, name, quantity, step, unit, unit_price, total)"
            " SELECT id, 'Arroz', 2, 0.25, 'kg', 28.25, 56.50 FROM first"
        )
    return made


def content(owner_url: str, tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tenant, by table and in order."""
    with open_shop(owner_url, tenant) as shop:
        return {
            table: shop.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall()
            for table in ("customers", "products", "orders", "order_items", "settings")
        }


def test_it_moves_through_every_kind_of_place_with_every_row(
    provisioning: Provisioning, tenant: Tenant, central_url: str
) -> None:
    before = content(central_url, tenant)
    for kind in (Isolation.PREFIX, Isolation.DATABASE, Isolation.SCHEMA, Isolation.DATABASE):
        asked = MoveRequest("bodega", kind, drop_source=True)
        moved = provisioning.move.run(asked)
        assert moved.moved
        assert moved.rows["products"] == len(before["products"])
        assert moved.tenant.placement.isolation is kind
        assert content(central_url, moved.tenant) == before
        assert places_standing(central_url, tenant) == {kind.value}
    with open_shop(central_url, moved.tenant) as shop:
        ordered = shop.execute(
            "INSERT INTO orders (customer_id, total, status, source)"
            " SELECT id, 1, 'pendiente', 'wamid.2' FROM customers RETURNING order_code"
        ).fetchall()
    assert ordered == [{"order_code": "P-102"}]


def places_standing(central_url: str, tenant: Tenant) -> set[str]:
    """Where PostgreSQL has anything of the tenant."""
    mark = f"wabot tenant={tenant.id}"
    with psycopg.connect(central_url) as central:
        row = central.execute(
            "SELECT EXISTS (SELECT FROM pg_namespace"
            "               WHERE obj_description(oid, 'pg_namespace') = %(mark)s),"
            " EXISTS (SELECT FROM pg_class WHERE obj_description(oid, 'pg_class') = %(mark)s),"
            " EXISTS (SELECT FROM pg_database"
            "         WHERE shobj_description(oid, 'pg_database') = %(mark)s)",
            {"mark": mark},
        ).fetchone()
    assert row is not None
    return {
        kind for kind, stands in zip(("schema", "prefix", "database"), row, strict=True) if stands
    }


def test_the_former_place_is_kept_closed_until_it_is_dropped(
    provisioning: Provisioning, tenant: Tenant, central_url: str
) -> None:
    kept = content(central_url, tenant)
    moved = provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX))
    assert moved.former == (tenant.placement,)
    assert places_standing(central_url, tenant) == {"schema", "prefix"}
    assert content(central_url, tenant) == kept
    with pytest.raises(Refused, match="a former copy of bodega is still kept there"):
        provisioning.move.run(MoveRequest("bodega", Isolation.SCHEMA))
    again = provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX, drop_source=True))
    assert (again.moved, again.dropped) == (False, (tenant.placement,))
    assert places_standing(central_url, tenant) == {"prefix"}
    # The role is the tenant's in its new place as well.
    assert provisioning.move.run(MoveRequest("bodega", Isolation.SCHEMA)).moved


def test_what_is_kept_is_dropped_without_saying_where_the_shop_is(
    provisioning: Provisioning, tenant: Tenant, central_url: str, server_at: DatabaseAt, cli: Cli
) -> None:
    elsewhere = provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at)).tenant
    refused = cli("tenant", "move", "bodega", "--isolation", "schema")
    assert refused.exit_code == 4
    assert "wabot tenant move bodega --drop-source\n" in refused.stderr
    planned = cli("tenant", "move", "bodega", "--drop-source", "--dry-run")
    assert (planned.exit_code, places_standing(central_url, tenant)) == (0, {"schema"})
    assert f"Would drop: schema {tenant.placement.schema}" in planned.stderr
    done = cli("tenant", "move", "bodega", "--drop-source")
    assert done.exit_code == 0, done.stderr
    assert f"Dropped schema {tenant.placement.schema}" in done.stderr
    assert places_standing(central_url, tenant) == set()
    assert provisioning.tenants.find("bodega") == elsewhere
    assert len(content(central_url, elsewhere)["orders"]) == 1
    assert cli("tenant", "move", "bodega").exit_code == 2


def test_a_server_that_is_not_named_does_not_take_a_shop_away_from_where_it_is(
    provisioning: Provisioning, tenant: Tenant, server_at: DatabaseAt
) -> None:
    elsewhere = provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at)).tenant
    assert elsewhere.placement.server
    asked = MoveRequest("bodega", Isolation.DATABASE, drop_source=True)
    stayed = provisioning.move.run(asked)
    assert (stayed.moved, stayed.dropped) == (False, (tenant.placement,))
    assert provisioning.tenants.find("bodega") == elsewhere


def test_moving_to_where_it_is_and_a_dry_run_change_nothing(
    provisioning: Provisioning, tenant: Tenant, central_url: str
) -> None:
    assert not provisioning.move.run(MoveRequest("bodega", Isolation.SCHEMA)).moved
    planned = provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE), dry_run=True)
    assert planned.tenant.placement.database
    assert provisioning.tenants.find("bodega") == tenant
    assert places_standing(central_url, tenant) == {"schema"}


def test_every_move_is_audited_without_secrets(
    provisioning: Provisioning, tenant: Tenant, central_url: str, server_at: DatabaseAt
) -> None:
    provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at, drop_source=True))
    with psycopg.connect(central_url) as central:
        noted = central.execute(
            "SELECT actor, action, details::text FROM wabot.audit_log ORDER BY id"
        ).fetchall()
    assert [action for _, action, _ in noted][1:] == [
        "tenant.move.begin",
        "tenant.move",
        "tenant.move.drop",
    ]
    assert noted[-1][0] == "ops"
    assert not any("v1." in details or server_at.password in details for *_, details in noted)


def test_a_suspended_shop_moves_and_stays_suspended(
    provisioning: Provisioning, tenant: Tenant, central_url: str
) -> None:
    with psycopg.connect(central_url) as central:
        central.execute("UPDATE wabot.clients SET status = 'suspended'")
    moved = provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX))
    assert moved.tenant.status is TenantStatus.SUSPENDED


def test_what_a_plan_does_not_include_is_refused(
    provisioning: Provisioning, settings: Settings, central_url: str
) -> None:
    before = make_tenant(settings, central_url, "chica", plan="completo")
    with pytest.raises(Refused, match="plan completo does not include") as refused:
        provisioning.move.run(MoveRequest("chica", Isolation.DATABASE))
    assert "premium" in refused.value.hint
    assert provisioning.tenants.find("chica") == before


def test_a_shop_whose_tables_are_behind_is_migrated_first(
    provisioning: Provisioning, tenant: Tenant, central_url: str
) -> None:
    with psycopg.connect(central_url) as central:
        central.execute("UPDATE wabot.clients SET schema_revision = 'base_0000'")
    with pytest.raises(Refused) as refused:
        provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX))
    assert refused.value.hint == "First run: wabot tenant migrate bodega"


def test_a_table_made_by_hand_is_refused_before_the_shop_is_paused(
    provisioning: Provisioning, tenant: Tenant, central_url: str
) -> None:
    with psycopg.connect(central_url, autocommit=True) as central:
        central.execute(f"CREATE TABLE {tenant.placement.schema}.handmade (a int)")
        steps = list[object]()
        for dry_run in (True, False):
            asked = MoveRequest("bodega", Isolation.PREFIX)
            with pytest.raises(Refused, match="no revision makes: handmade") as refused:
                provisioning.move.run(asked, dry_run=dry_run, on_step=steps.append)
            assert refused.value.hint
    assert steps == []


@pytest.mark.parametrize("to", [Isolation.PREFIX, Isolation.DATABASE])
def test_a_move_that_fails_is_given_up_and_the_shop_goes_on_where_it_was(
    provisioning: Provisioning, tenant: Tenant, runtime_url: str, to: Isolation
) -> None:
    for failing in (MoveStep.DRAIN, MoveStep.CLOSE, MoveStep.COPY, MoveStep.SWITCH):

        def fail(now: MoveStep, step: MoveStep = failing) -> None:
            if now is step:
                raise Refused("the disk is on fire")

        with pytest.raises(Refused, match="the disk is on fire"):
            provisioning.move.run(MoveRequest("bodega", to), on_step=fail)
        assert provisioning.tenants.find("bodega") == tenant
        assert places_standing(provisioning.owner_url, tenant) == {"schema"}
        assert may_write(runtime_url, tenant)
    assert provisioning.move.run(MoveRequest("bodega", to)).moved


def may_write(runtime_url: str, tenant: Tenant) -> bool:
    place = tenant.placement
    with psycopg.connect(runtime_url) as runtime:
        runtime.execute("SELECT set_config('role', %s, true)", [place.role])
        table = f'"{place.schema}"."{place.prefix}products"'
        return bool(runtime.execute(f"UPDATE {table} SET stock = stock".encode()).rowcount)


_KILLED = """
import os, signal, sys
from wabot.config import load_settings
from wabot.container import open_tenants
from wabot.domain.tenant import Isolation
from wabot.services.provisioning.move import MoveRequest
def stop(step):
    if step.value == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
with open_tenants(load_settings()) as provisioning:
    provisioning.move.run(
        MoveRequest("bodega", Isolation(sys.argv[1]), drop_source=True), on_step=stop)
"""


@pytest.mark.parametrize("step", list(MoveStep))
@pytest.mark.parametrize("to", [Isolation.PREFIX, Isolation.DATABASE])
def test_killed_at_any_step_the_same_command_ends_the_same(
    provisioning: Provisioning,
    tenant: Tenant,
    environment: dict[str, str],
    step: MoveStep,
    to: Isolation,
) -> None:
    central_url = provisioning.owner_url
    before = content(central_url, tenant)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, to.value, step.value],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert killed.returncode == -9
    moved = provisioning.move.run(MoveRequest("bodega", to, drop_source=True))
    found = provisioning.tenants.find("bodega")
    assert found is not None
    assert (found.status, found.placement.isolation) == (TenantStatus.ACTIVE, to)
    assert moved.former == ()
    assert places_standing(central_url, tenant) == {to.value}
    assert content(central_url, found) == before
    with psycopg.connect(central_url) as central:
        keys = central.execute(
            "SELECT array_agg(key) FROM wabot.clients, jsonb_object_keys(db_connection_config) key"
        ).fetchone()
    assert keys is not None
    assert not {"former", "move"} & set(keys[0])


def test_a_move_that_was_begun_is_finished_or_given_up_and_nothing_else(
    provisioning: Provisioning, tenant: Tenant, central_url: str, environment: dict[str, str]
) -> None:
    subprocess.run(
        [sys.executable, "-c", _KILLED, "prefix", "switch"],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=Path(__file__).parents[3],
        check=False,
    )
    with pytest.raises(Refused, match="is being moved to prefix") as refused:
        provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE))
    assert "--cancel" in refused.value.hint
    assert provisioning.move.cancel("bodega").moved
    assert provisioning.tenants.find("bodega") == tenant
    assert places_standing(central_url, tenant) == {"schema"}
    assert not provisioning.move.cancel("bodega").moved


@pytest.fixture
def server_at(postgres_url: str, make_database: Callable[..., str]) -> DatabaseAt:
    """A database that stands already, on what the client takes for another server."""
    given = psycopg.conninfo.conninfo_to_dict(make_database())
    password = str(given.pop("password", "")) or "password of the other server"
    server, database = split_database_url(psycopg.conninfo.make_conninfo("", **given))
    return DatabaseAt(server, database, password)


def test_on_another_server_the_passwords_are_kept_encrypted_for_this_client(
    provisioning: Provisioning,
    tenant: Tenant,
    central_url: str,
    server_at: DatabaseAt,
    settings: Settings,
) -> None:
    before = content(central_url, tenant)
    moved = provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at)).tenant
    assert content(central_url, moved) == before
    place = moved.placement
    assert place.login.startswith("wabot_r_")
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    opened = cipher.decrypt(moved.id, place.owner_secret, DATABASE_PASSWORD)
    assert opened == server_at.password
    with psycopg.connect(central_url) as central:
        (config,) = central.execute(
            "SELECT db_connection_config::text FROM wabot.clients"
        ).fetchone() or ("",)
        login = central.execute(
            "SELECT rolcanlogin, rolinherit, rolsuper FROM pg_roles WHERE rolname = %s",
            [place.login],
        ).fetchone()
    assert server_at.password not in config
    assert login == (True, False, False)
    # It was there before: moving away leaves the database, and nothing in it.
    back = provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX, drop_source=True))
    assert content(central_url, back.tenant) == before
    assert places_standing(central_url, tenant) == {"prefix"}
    with psycopg.connect(central_url) as central:
        left = central.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s"
            " UNION SELECT 2 FROM pg_database WHERE datname = %s",
            [place.login, place.database],
        ).fetchall()
    assert left == [(2,)]


def test_a_database_that_cannot_be_the_tenants_is_refused_and_nothing_is_changed(
    provisioning: Provisioning,
    tenant: Tenant,
    settings: Settings,
    server_at: DatabaseAt,
    subtests: pytest.Subtests,
) -> None:
    central_url = provisioning.owner_url
    other = make_tenant(settings, central_url, "ajena", number="2", isolation="database")
    central = str(psycopg.conninfo.conninfo_to_dict(central_url)["dbname"])
    away = replace(server_at, server="host=127.0.0.1 port=1 user=nobody")
    for name, at, kind, said in (
        (
            "of another tenant",
            replace(server_at, database=other.placement.database),
            Conflict,
            "already that of tenant ajena",
        ),
        (
            "of another tenant on the central server",
            DatabaseAt(database=other.placement.database),
            Conflict,
            "already that of tenant ajena",
        ),
        ("the central one", replace(server_at, database=central), Refused, "wabot's central"),
        ("away", away, WabotError, "Cannot connect"),
    ):
        with subtests.test(name), pytest.raises(kind, match=said) as refused:
            provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, at))
        assert refused.value.hint
        assert provisioning.tenants.find("bodega") == tenant
        assert places_standing(central_url, tenant) == {"schema"}


def test_a_database_with_something_else_in_it_is_refused(
    provisioning: Provisioning, tenant: Tenant, server_at: DatabaseAt
) -> None:
    with psycopg.connect(server_at.server, dbname=server_at.database) as database:
        database.execute("CREATE TABLE public.theirs (id int)")
    with pytest.raises(Refused, match="holds 1 tables of something else"):
        provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at))
    assert provisioning.tenants.find("bodega") == tenant


def test_a_login_without_the_rights_is_refused(
    provisioning: Provisioning, tenant: Tenant, server_at: DatabaseAt, postgres_url: str
) -> None:
    weak = f"t{os.environ['WABOT_TEST_RUN']}_weak"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE ROLE {weak} LOGIN PASSWORD 'x'")
        parameters = psycopg.conninfo.conninfo_to_dict(server_at.server) | {"user": weak}
        at = DatabaseAt(psycopg.conninfo.make_conninfo("", **parameters), "wabot_new", "x")
        try:
            with pytest.raises(Refused, match="may not make roles"):
                provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, at))
            server.execute(f"ALTER ROLE {weak} CREATEROLE")
            with pytest.raises(Refused, match="may not make it"):
                provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, at))
        finally:
            server.execute(f"DROP ROLE {weak}")
    assert provisioning.tenants.find("bodega") == tenant


def test_two_moves_at_once_do_not_collide(
    provisioning: Provisioning, tenant: Tenant, settings: Settings, central_url: str
) -> None:
    def meanwhile(step: MoveStep) -> None:
        if step is MoveStep.COPY:
            with (
                tenants_at(central_url, keys=settings["WABOT_MASTER_KEY"]) as second,
                pytest.raises(Conflict, match="changed by another command"),
            ):
                second.move.run(MoveRequest("bodega", Isolation.DATABASE))

    assert provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX), on_step=meanwhile).moved


def test_a_password_in_the_url_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        split_database_url("postgresql://admin:s3cret@db2.example/lupita")
    assert "s3cret" not in refused.value.message + refused.value.hint
    assert split_database_url("postgresql://admin@db2.example:5433/lupita") == (
        "user=admin host=db2.example port=5433",
        "lupita",
    )
