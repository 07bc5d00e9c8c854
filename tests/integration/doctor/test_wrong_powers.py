"""What a shop's role may do that it must not, and what has a name of wabot's and no client."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.doctor.looking import examined
from tests.integration.tenants.asking import request_for
from tests.integration.tenants.catalogue import everything
from wabot.container import Provisioning
from wabot.domain.placement import database_placement, prefix_placement, schema_placement
from wabot.domain.tenant import Isolation, Tenant
from wabot.services.provisioning.doctor import ExamineTenants

Connection = psycopg.Connection[Any]


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("alter role {r} login", "its role has LOGIN"),
        (
            "alter role {r} superuser createdb createrole replication bypassrls",
            "its role has SUPERUSER, CREATEROLE, CREATEDB, BYPASSRLS, REPLICATION",
        ),
        ("grant pg_read_all_data to {r}", "its role is a member of pg_read_all_data"),
        ("alter schema {s} owner to wabot_runtime", "schema {s} is owned by wabot_runtime"),
        ("alter table {s}.orders owner to wabot_runtime", "orders is owned by wabot_runtime"),
        ("alter table {s}.orders owner to {r}", "orders is owned by {r}"),
    ],
)
def test_what_a_role_may_do_and_must_not_is_told_and_taken_away(
    shop: Tenant, doctor: ExamineTenants, central: Connection, done: str, told: str
) -> None:
    names = {"s": shop.placement.schema, "r": shop.placement.role}
    before = everything(central, shop.placement.role)
    central.execute(done.format(**names).encode())
    diagnosis = examined(doctor)
    said = [finding.what for finding in diagnosis.findings if finding.kind == "powers"]
    assert said == [told.format(**names)]
    assert all(not treatment.failure for treatment in doctor.repair(diagnosis))
    assert examined(doctor).findings == ()
    after = everything(central, shop.placement.role)
    audited = {row for row in after | before if row[:2] == ("row", "audit")}
    assert after - audited == before - audited


def test_owners_of_tables_with_a_prefix_are_looked_at(
    provisioning: Provisioning, doctor: ExamineTenants, central: Connection
) -> None:
    place = provisioning.create.run(request_for("uno", isolation=Isolation.PREFIX)).tenant.placement
    provisioning.create.run(request_for("dos", isolation=Isolation.PREFIX))
    central.execute(f"alter table {place.schema}.{place.prefix}orders owner to wabot_runtime")
    diagnosis = examined(doctor)
    assert [(f.slug, f.what) for f in diagnosis.findings] == [
        ("uno", "orders is owned by wabot_runtime")
    ]
    assert [treatment.failure for treatment in doctor.repair(diagnosis)] == [""]
    assert examined(doctor).findings == ()


def test_a_shop_stuck_in_its_deletion_is_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute("update wabot.clients set status = 'deleting'")
    (finding,) = examined(doctor).findings
    assert (finding.kind, "deletion did not end" in finding.what) == ("unfinished", True)
    assert "wabot tenant delete lupita" in finding.repair


@pytest.mark.parametrize("stored", ["v1.00000000.AAAA", "nonsense"])
def test_a_token_that_no_key_opens_is_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection, stored: str
) -> None:
    central.execute("update wabot.clients set whatsapp_token = %s", [stored])
    (finding,) = examined(doctor).findings
    assert (finding.kind, finding.safe) == ("secret", False)
    assert "token" in finding.what
    assert "rotate-token lupita" in finding.repair


def test_a_token_of_another_client_is_named(
    shop: Tenant, doctor: ExamineTenants, provisioning: Provisioning, central: Connection
) -> None:
    provisioning.create.run(request_for("otra"))
    central.execute(
        "update wabot.clients set whatsapp_token ="
        " (select whatsapp_token from wabot.clients where slug = 'otra')"
    )
    assert [(f.slug, f.kind) for f in examined(doctor).findings] == [("lupita", "secret")]


@pytest.fixture
def left_behind(central: Connection) -> Iterator[dict[str, str]]:
    """What nobody's comment explains; roles and databases belong to the whole server."""
    nobody = uuid4()
    names = {
        "orphan_role": schema_placement(nobody).role,
        "orphan_schema": schema_placement(nobody).schema,
        "orphan_database": database_placement(nobody).database,
        "orphan_prefix": f"wabot_shared.{prefix_placement(nobody).prefix}",
    }
    central.execute(
        f"create schema if not exists wabot_shared; create role {names['orphan_role']};"
        f" grant {names['orphan_role']} to wabot_runtime;"
        f" create schema {names['orphan_schema']}; create table {names['orphan_schema']}.x ();"
        f" create table {names['orphan_prefix']}orders ()"
    )
    central.execute(f"create database {names['orphan_database']}".encode())
    try:
        yield names
    finally:
        central.execute(f"drop database if exists {names['orphan_database']}".encode())
        central.execute(f"drop role if exists {names['orphan_role']}".encode())


def test_what_has_a_name_of_wabots_and_no_client_is_named_and_goes_when_confirmed(
    shop: Tenant,
    doctor: ExamineTenants,
    provisioning: Provisioning,
    central: Connection,
    left_behind: dict[str, str],
) -> None:
    provisioning.create.run(request_for("uno", isolation=Isolation.PREFIX))
    diagnosis = doctor.examine()
    own = [f for f in diagnosis.findings if any(n in f.what for n in left_behind.values())]
    assert {finding.kind for finding in own} == set(left_behind)
    # Without a comment it is a guess: nothing goes unless somebody says so.
    assert not any(finding.safe for finding in own)
    for finding in own:
        if finding.kind == "orphan_database":
            assert f"DROP DATABASE {left_behind['orphan_database']}" in finding.repair
            assert (finding.sql, finding.confirm) == ((), "")
        else:
            assert f"--confirm {left_behind[finding.kind]}" in finding.repair
    # Only these: the server has other tests' orphans too.
    chosen = [left_behind[kind] for kind in left_behind if kind != "orphan_database"]
    mine = replace(diagnosis, findings=tuple(own))
    assert list(doctor.repair(mine)) == []
    treated = list(doctor.repair(mine, confirmed=chosen))
    assert [(t.finding.confirm in chosen, t.failure) for t in treated] == [(True, "")] * 3
    left = [f for f in doctor.examine().findings if any(n in f.what for n in left_behind.values())]
    assert [finding.kind for finding in left] == ["orphan_database"]


def test_a_shop_s_database_under_another_name_is_nobody_s_to_drop(
    doctor: ExamineTenants, provisioning: Provisioning, central: Connection
) -> None:
    tenant = provisioning.create.run(
        request_for("lejos", plan="premium", isolation=Isolation.DATABASE)
    ).tenant
    own, other = tenant.placement.database, f"away_{uuid4().hex}"
    central.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [own]
    )
    central.execute(f"alter database {own} rename to {other}".encode())
    findings = doctor.examine().findings
    (unreachable,) = [f for f in findings if f.slug == "lejos"]
    assert unreachable.kind == "unreachable"
    assert unreachable.repair == "wabot tenant show lejos"
    (found,) = [f for f in findings if other in f.what]
    assert (found.kind, found.sql, found.confirm) == ("misplaced_database", (), "")
    assert "lejos" in found.what
    assert f"ALTER DATABASE {other} RENAME TO" in found.repair
    assert "DROP" not in found.repair


def test_a_short_prefix_in_the_shared_schema_belongs_to_nobody(
    shop: Tenant, doctor: ExamineTenants, provisioning: Provisioning, central: Connection
) -> None:
    provisioning.create.run(request_for("uno", isolation=Isolation.PREFIX))
    central.execute("create table wabot_shared.pxyz_orders ()")
    (finding,) = examined(doctor).findings
    assert (finding.kind, finding.safe) == ("orphan_prefix", False)
    assert "wabot_shared.pxyz_" in finding.what


def test_nothing_of_a_living_client_is_called_an_orphan(
    shop: Tenant, doctor: ExamineTenants, central: Connection, provisioning: Provisioning
) -> None:
    own = provisioning.create.run(request_for("uno", isolation=Isolation.PREFIX)).tenant
    for tenant in (shop, own):
        # The name alone tells whose it is, whatever became of the comments.
        central.execute(f"comment on role {tenant.placement.role} is null".encode())
    central.execute(f"comment on schema {shop.placement.schema} is null".encode())
    central.execute(
        f"comment on table {own.placement.schema}.{own.placement.prefix}alembic_version is null"
    )
    central.execute(f"create schema {schema_placement(own.id).schema}".encode())
    findings = [f for f in doctor.examine().findings if not f.slug]
    names = {
        name
        for tenant in (shop, own)
        for name in (*tenant.placement.address, tenant.placement.role)
        if name
    }
    assert not [f for f in findings if f.kind.startswith("orphan") and f.confirm in names]
    (left,) = [f for f in findings if schema_placement(own.id).schema in f.what]
    assert (left.kind, left.sql) == ("misplaced_schema", ())
