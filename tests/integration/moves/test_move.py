"""A tenant moves between places with every row, and can always go on where it was."""

import psycopg
import pytest

from tests.harness import make_tenant, open_shop
from tests.integration.moves.looking import content, places_standing
from tests.integration.tenants.asking import document
from tests.integration.tenants.conftest import Cli
from wabot.config import Settings
from wabot.container import Provisioning
from wabot.domain.tenant import Isolation, Tenant, TenantStatus
from wabot.errors import Refused
from wabot.services.provisioning.move import MoveRequest
from wabot.services.provisioning.places import DatabaseAt


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


def test_what_is_kept_is_shown(provisioning: Provisioning, tenant: Tenant, cli: Cli) -> None:
    provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX))
    kept = f"schema {tenant.placement.schema}"
    assert document(cli("tenant", "show", "bodega", "--json"))["data"]["former_places"] == [kept]
    assert f"former_places\t{kept}\n" in cli("tenant", "show", "bodega").stdout


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
