"""Migrations, modules and the doctor are the same wherever a shop's tables are."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.doctor.looking import examined
from tests.integration.tenant_migrations.conftest import Make, Open
from tests.integration.tenant_migrations.revisions import NEW_TABLE, add_revision
from tests.integration.tenants.catalogue import rights
from wabot.container import Provisioning
from wabot.container.fleet import doctor_of, modules_of
from wabot.domain.tenant import Isolation, Tenant
from wabot.repositories.provisioning.migration_line import MigrationLine, head_revisions
from wabot.services.provisioning.migration_ports import Result

Connection = psycopg.Connection[Any]

PLACES = pytest.mark.parametrize("isolation", list(Isolation), ids=str)


def next_base(folder: Path) -> str:
    (head,) = head_revisions()
    revision = f"base_{int(head[-4:]) + 1:04}"
    add_revision(folder / "base" / "versions", revision, NEW_TABLE)
    return revision


def shop_in(make: Make, isolation: Isolation, template: str = "abarrotes") -> Tenant:
    plan = "premium" if isolation is Isolation.DATABASE else "basico"
    return make("lupita", isolation=isolation.value, plan=plan, template=template)


@PLACES
def test_a_shop_moves_on(
    make: Make,
    migrations: Open,
    folder: Path,
    provisioning: Provisioning,
    isolation: Isolation,
) -> None:
    tenant = shop_in(make, isolation)
    revision = next_base(folder)
    use_case = migrations()
    (done,) = use_case.run(use_case.plan())
    assert (done.result, done.reason) == (Result.MIGRATED, "")
    place = tenant.placement
    with provisioning.servers.connect(tenant.id, place) as own:
        found = own.execute(
            f"select version_num from {place.schema}.{place.prefix}alembic_version"
        ).fetchall()
        given = rights(own, place.schema, place.role)
    assert found == [(revision,)]
    assert given[f"{place.prefix}visits"] == "DELETE,INSERT,SELECT,UPDATE"
    after = provisioning.tenants.find("lupita")
    assert after is not None
    assert after.revision == revision
    assert migrations().plan().groups == ()


def test_a_shop_whose_ledger_did_not_hear_of_its_own_database_is_not_migrated_twice(
    make: Make, migrations: Open, folder: Path, central_url: str, provisioning: Provisioning
) -> None:
    tenant = shop_in(make, Isolation.DATABASE)
    revision = next_base(folder)
    use_case = migrations()
    list(use_case.run(use_case.plan()))
    # As a process leaves it that died between the two commits.
    with psycopg.connect(central_url) as connection:
        connection.execute("update wabot.clients set schema_revision = %s", [tenant.revision])
    use_case = migrations()
    (done,) = use_case.run(use_case.plan())
    assert (done.result, done.reason) == (Result.MIGRATED, "")
    found = provisioning.tenants.find("lupita")
    assert found is not None
    assert found.revision == revision


def test_a_database_that_is_gone_stops_its_shop_alone(
    make: Make, migrations: Open, folder: Path, central_url: str, provisioning: Provisioning
) -> None:
    tenant = shop_in(make, Isolation.DATABASE)
    make("other")
    next_base(folder)
    with psycopg.connect(central_url, autocommit=True) as connection:
        name = tenant.placement.database
        connection.execute(f"alter database {name} rename to {name}_away")
        try:
            use_case = migrations()
            done = {outcome.slug: outcome for outcome in use_case.run(use_case.plan())}
            seen = examined(doctor_of(provisioning))
        finally:
            connection.execute(f"alter database {name}_away rename to {name}")
    assert done["other"].result is Result.MIGRATED
    assert done["lupita"].failed
    assert name in done["lupita"].reason
    assert ("lupita", "unreachable") in [(f.slug, f.kind) for f in seen.findings]


@PLACES
def test_a_module_comes_and_goes_and_the_doctor_agrees(
    make: Make, provisioning: Provisioning, isolation: Isolation, tmp_path: Path
) -> None:
    tenant = shop_in(make, isolation)
    doctor = doctor_of(provisioning)
    assert examined(doctor).findings == ()
    with modules_of(provisioning) as modules:
        modules.add("lupita", "agua")
        assert examined(doctor).findings == ()
        after = provisioning.tenants.find("lupita")
        assert after is not None
        assert after.revision == ",".join(MigrationLine().heads(["agua"]))
        modules.remove("lupita", "agua", tmp_path)
    assert examined(doctor).findings == ()
    after = provisioning.tenants.find("lupita")
    assert after is not None
    assert after.revision == tenant.revision


@PLACES
def test_the_doctor_repairs_a_shop_where_it_is(
    make: Make, provisioning: Provisioning, isolation: Isolation
) -> None:
    tenant = shop_in(make, isolation, "agua")
    place = tenant.placement
    before = f"{place.schema}.{place.prefix}"
    with provisioning.servers.connect(tenant.id, place) as own:
        own.execute(f"drop index {before}messages_event_ix")
        own.execute(f"alter table {before}orders drop constraint {place.prefix}orders_source_key")
        own.execute(f"drop table {before}bottle_movements")
        own.execute(f"revoke insert on {before}orders from {place.role}")
    doctor = doctor_of(provisioning)
    diagnosis = examined(doctor)
    assert len(diagnosis.findings) == 4
    assert all(finding.safe for finding in diagnosis.findings)
    assert [treatment.failure for treatment in doctor.repair(diagnosis)] == [""] * 4
    assert examined(doctor).findings == ()
