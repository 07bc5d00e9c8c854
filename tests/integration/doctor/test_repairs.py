"""Every repair that the doctor names is one that works."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.doctor.looking import examined
from tests.integration.tenants.conftest import Cli
from wabot.domain.placement import database_placement, prefix_placement
from wabot.domain.places import Move, Places, places_to_config
from wabot.domain.tenant import Isolation, Placement, Tenant, TenantStatus
from wabot.services.provisioning.doctor import ExamineTenants

Connection = psycopg.Connection[Any]


def elsewhere(shop: Tenant) -> Placement:
    return database_placement(
        shop.id, server="host=db2.example.org port=5433 user=ops", database="dpp"
    )


@pytest.mark.parametrize("kind", ["prefix", "database", "elsewhere"])
def test_an_unfinished_move_is_told_with_its_target(
    cli: Cli, shop: Tenant, doctor: ExamineTenants, central: Connection, kind: str
) -> None:
    to, words = {
        "prefix": (prefix_placement(shop.id), "--isolation prefix"),
        "database": (
            database_placement(shop.id),
            "--isolation database",
        ),
        "elsewhere": (
            elsewhere(shop),
            f"--isolation database --database-url '{elsewhere(shop).server} dbname=dpp'",
        ),
    }[kind]
    places = Places(shop.placement, move=Move(to, TenantStatus.ACTIVE))
    central.execute(
        "update wabot.clients set status = 'moving', db_connection_config = %s",
        [Jsonb(places_to_config(places))],
    )
    (finding,) = examined(doctor).findings
    assert finding.repair == (
        f"wabot tenant move lupita {words}, or: wabot tenant move lupita --cancel"
    )


def test_the_move_that_the_doctor_names_ends_it(
    cli: Cli, shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    places = Places(shop.placement, move=Move(prefix_placement(shop.id), TenantStatus.ACTIVE))
    central.execute(
        "update wabot.clients set status = 'moving', db_connection_config = %s",
        [Jsonb(places_to_config(places))],
    )
    (finding,) = examined(doctor).findings
    first, _, _ = finding.repair.partition(", or: ")
    done = cli(*first.split()[1:])
    assert done.exit_code == 0, done.stderr
    row = central.execute("select db_connection_config ->> 'isolation' from wabot.clients")
    assert row.fetchone() == (Isolation.PREFIX.value,)


@pytest.mark.parametrize(
    "done",
    [
        "alter table {s}.products alter column description type varchar(500)",
        "alter table {s}.products alter column stock drop default",
        "alter table {s}.products alter column stock set default 7",
        "alter table {s}.products alter column name drop not null",
        "alter table {s}.products alter column stock type bigint",
        "alter table {s}.products alter aliases drop default, alter aliases type text using '{{}}'",
        "alter table {s}.pauses enable row level security",
        "alter table {s}.orders set (fillfactor = 50)",
    ],
)
def test_what_is_other_than_expected_has_statements_that_make_it_so(
    shop: Tenant, doctor: ExamineTenants, central: Connection, done: str
) -> None:
    central.execute(done.format(s=shop.placement.schema).encode())
    findings = examined(doctor).findings
    assert findings
    for finding in findings:
        assert not finding.safe
        assert finding.repair
        central.execute(finding.repair.encode())
    assert examined(doctor).findings == ()


def test_a_template_that_is_not_found_names_the_setting(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute("update wabot.clients set template = 'ferreteria'")
    (finding,) = examined(doctor).findings
    assert finding.kind == "template"
    assert "WABOT_TEMPLATE_DIR" in finding.repair


def test_an_unknown_revision_of_the_row_alone_is_corrected_by_what_the_tables_say(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute("update wabot.clients set schema_revision = 'base_9999'")
    (finding,) = examined(doctor).findings
    assert finding.kind == "revision"
    central.execute(finding.repair.encode())
    assert examined(doctor).findings == ()
    row = central.execute("select schema_revision from wabot.clients").fetchone()
    assert row == (shop.revision,)
