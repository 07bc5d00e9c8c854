"""A placement that names what is another's: told, and never repaired by opening it."""

from typing import Any

import psycopg
import pytest

from tests.integration.doctor.looking import examined
from tests.integration.tenants.asking import request_for
from tests.integration.tenants.catalogue import everything
from wabot.container import Provisioning
from wabot.domain.drift import Finding
from wabot.domain.tenant import Isolation, Tenant
from wabot.services.provisioning.doctor import ExamineTenants

Connection = psycopg.Connection[Any]


def kinds(findings: tuple[Finding, ...], slug: str) -> list[str]:
    return [finding.kind for finding in findings if finding.slug == slug]


@pytest.fixture
def other(provisioning: Provisioning) -> Tenant:
    return provisioning.create.run(request_for("otra")).tenant


def point(central: Connection, slug: str, **keys: str) -> None:
    for key, value in keys.items():
        central.execute(
            "update wabot.clients set db_connection_config = db_connection_config"
            " || jsonb_build_object(%s::text, %s::text) where slug = %s",
            [key, value, slug],
        )


@pytest.mark.parametrize("named", [None, ["lupita", "otra"]], ids=["all", "named"])
def test_two_shops_in_one_place_are_told_and_nothing_is_granted(
    shop: Tenant,
    other: Tenant,
    doctor: ExamineTenants,
    central: Connection,
    named: list[str] | None,
) -> None:
    point(central, "lupita", schema=other.placement.schema)
    before = everything(central, shop.placement.role), everything(central, other.placement.role)
    diagnosis = examined(doctor, named)
    assert "shared_place" in kinds(diagnosis.findings, "lupita")
    assert "shared_place" in kinds(diagnosis.findings, "otra")
    assert "owner" in kinds(diagnosis.findings, "lupita")
    assert not any(finding.safe or finding.sql for finding in diagnosis.findings)
    assert list(doctor.repair(diagnosis, confirmed=[shop.placement.schema])) == []
    after = everything(central, shop.placement.role), everything(central, other.placement.role)
    assert after == before


def test_one_shop_alone_is_told_that_another_has_its_place(
    shop: Tenant, other: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    point(central, "lupita", schema=other.placement.schema)
    findings = examined(doctor, ["lupita"]).findings
    (shared,) = [finding for finding in findings if finding.kind == "shared_place"]
    assert "otra" in shared.what


def test_tables_with_a_prefix_have_an_owner_as_well(
    provisioning: Provisioning, doctor: ExamineTenants, central: Connection
) -> None:
    one, two = (
        provisioning.create.run(request_for(slug, isolation=Isolation.PREFIX)).tenant
        for slug in ("uno", "dos")
    )
    point(central, "uno", prefix=two.placement.prefix)
    diagnosis = examined(doctor)
    assert kinds(diagnosis.findings, "uno") == ["shared_place", "owner"]
    assert kinds(diagnosis.findings, "dos") == ["shared_place"]
    assert not any(finding.safe for finding in diagnosis.findings)
    (left,) = [finding for finding in diagnosis.findings if not finding.slug]
    assert (left.kind, left.sql) == ("misplaced_prefix", ())
    assert one.placement.prefix in left.what


def test_a_schema_of_a_living_client_is_no_orphan(
    shop: Tenant, other: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    point(central, "lupita", schema=other.placement.schema)
    diagnosis = examined(doctor)
    (left,) = [finding for finding in diagnosis.findings if not finding.slug]
    assert left.kind == "misplaced_schema"
    assert "lupita" in left.what
    assert (left.sql, left.safe, left.confirm) == ((), False, "")
    assert "confirm" not in left.repair
    assert list(doctor.repair(diagnosis, confirmed=[shop.placement.schema])) == []
    point(central, "lupita", schema=shop.placement.schema)
    assert examined(doctor).findings == ()


def test_a_role_of_another_shop_is_given_nothing(
    shop: Tenant, other: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    point(central, "lupita", role=other.placement.role)
    diagnosis = examined(doctor, ["lupita"])
    assert kinds(diagnosis.findings, "lupita") == ["owner"]
    assert other.placement.role in diagnosis.findings[0].what
    assert list(doctor.repair(diagnosis)) == []


def test_what_turned_into_anothers_since_it_was_looked_at_is_not_repaired(
    shop: Tenant, other: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute(f"drop index {shop.placement.schema}.messages_event_ix")
    diagnosis = examined(doctor, ["lupita"])
    central.execute(
        f"comment on schema {shop.placement.schema} is 'wabot tenant={other.id}'".encode()
    )
    (treated,) = doctor.repair(diagnosis)
    assert str(other.id) in treated.failure


def test_a_missing_comment_is_written_again(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    before = everything(central, shop.placement.role)
    central.execute(f"comment on schema {shop.placement.schema} is null".encode())
    diagnosis = examined(doctor)
    assert [(f.kind, f.safe) for f in diagnosis.findings] == [("owner", True)]
    assert [treatment.failure for treatment in doctor.repair(diagnosis)] == [""]
    assert examined(doctor).findings == ()
    audited = {row for row in everything(central, shop.placement.role) if row[1] != "audit"}
    assert audited == {row for row in before if row[1] != "audit"}
