"""What the doctor sees, what it says, and what it repairs."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.integration.doctor.looking import examined
from tests.integration.tenants.asking import document, request_for
from tests.integration.tenants.catalogue import everything, namespace, rights
from tests.integration.tenants.conftest import Cli
from wabot.container import Provisioning
from wabot.domain.drift import Finding
from wabot.domain.placement import prefix_placement
from wabot.domain.tenant import Tenant
from wabot.errors import NotFound
from wabot.repositories.provisioning.migration_line import head_revisions
from wabot.services.provisioning.doctor import ExamineTenants

Connection = psycopg.Connection[Any]


def of(findings: tuple[Finding, ...], slug: str = "lupita") -> list[tuple[str, str]]:
    return [(finding.kind, finding.what) for finding in findings if finding.slug == slug]


def test_a_new_shop_has_nothing_wrong(
    shop: Tenant, provisioning: Provisioning, doctor: ExamineTenants
) -> None:
    for template in ("abarrotes", "verduleria", "tintoreria", "comercio"):
        provisioning.create.run(request_for(template, template=template))
    diagnosis = examined(doctor)
    assert (diagnosis.shops, diagnosis.findings) == (5, ())


# What is done to a shop, and what the doctor says of it.
HARMLESS = {
    "drop index {s}.orders_customer_id_created_at_ix": (
        "index orders.orders_customer_id_created_at_ix is missing"
    ),
    "drop index {s}.messages_event_ix": "index messages.messages_event_ix is missing",
    "alter table {s}.products drop constraint products_price_check": (
        "constraint products.products_price_check is missing"
    ),
    "alter table {s}.orders drop constraint orders_customer_id_fkey": (
        "constraint orders.orders_customer_id_fkey is missing"
    ),
    "alter table {s}.orders drop constraint orders_source_key": (
        "constraint orders.orders_source_key is missing"
    ),
    "alter table {s}.products drop column aliases": "column products.aliases is missing",
    "drop table {s}.unknown_words": "table unknown_words is missing",
    "drop table {s}.bottle_movements": "table bottle_movements is missing",
    "revoke insert on {s}.orders from {r}": (
        "grant orders.role is DELETE, SELECT, UPDATE, expected DELETE, INSERT, SELECT, UPDATE"
    ),
    "revoke all on {s}.products from {r}": "grant products.role is missing",
    "grant truncate on {s}.customers to {r}": (
        "grant customers.role is DELETE, INSERT, SELECT, TRUNCATE, UPDATE,"
        " expected DELETE, INSERT, SELECT, UPDATE"
    ),
}
TO_DECIDE = {
    "grant select on {s}.orders to public": "grant orders.PUBLIC is not of this revision",
    "alter table {s}.products alter column description type varchar(500)": (
        "column products.description is character varying(500) NOT NULL DEFAULT"
        " ''::text, expected text NOT NULL DEFAULT ''::text"
    ),
    "alter table {s}.products alter column stock drop default": (
        "column products.stock is integer NOT NULL, expected integer NOT NULL DEFAULT 0"
    ),
    "alter table {s}.products alter column name drop not null": (
        "column products.name is text, expected text NOT NULL"
    ),
    "alter table {s}.products add column colour text": (
        "column products.colour is not of this revision"
    ),
    "create index odd_ix on {s}.orders (total)": "index orders.odd_ix is not of this revision",
    "create table {s}.odd (id int)": "table odd is not of this revision",
    "alter table {s}.products drop constraint products_price_check,"
    " add constraint products_price_check check (price > 5) not valid": (
        "constraint products.products_price_check is CHECK ((price > (5)::numeric)) NOT VALID,"
        " expected CHECK ((price >= (0)::numeric))"
    ),
    "create function {s}.f() returns trigger language plpgsql as 'begin return new; end';"
    " create trigger odd before insert on {s}.orders for each row execute function {s}.f()": (
        "trigger orders.odd is not of this revision"
    ),
    "alter table {s}.pauses enable row level security": "table pauses is r p t, expected r p f",
}


def drift(shop: Tenant, central: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        central.execute(statement.format(s=shop.placement.schema, r=shop.placement.role).encode())


def test_what_is_missing_is_named_and_repaired(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    schema, role = shop.placement.schema, shop.placement.role
    before = namespace(central, schema), rights(central, schema, role)
    drift(shop, central, HARMLESS)
    diagnosis = examined(doctor, ["lupita"])
    assert {f.what for f in diagnosis.findings} >= set(HARMLESS.values())
    assert all(finding.safe for finding in diagnosis.findings)
    assert [treatment.failure for treatment in doctor.repair(diagnosis) if treatment.failure] == []
    assert examined(doctor, ["lupita"]).findings == ()
    assert _unordered(namespace(central, schema)) == _unordered(before[0])
    assert rights(central, schema, role) == before[1]


def test_what_loses_data_or_needs_a_decision_is_only_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    drift(shop, central, TO_DECIDE)
    diagnosis = examined(doctor, ["lupita"])
    assert {finding.what for finding in diagnosis.findings} == set(TO_DECIDE.values())
    assert list(doctor.repair(diagnosis)) == []
    assert examined(doctor, ["lupita"]).findings == diagnosis.findings


def _unordered(found: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    # A column that was added again stands last: nothing depends on the order.
    return {row[:3] + row[4:] if row[0] == "column" else row for row in found}


def test_what_the_doctor_proposes_for_what_is_too_much_works(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    schema = shop.placement.schema
    before = namespace(central, schema)
    central.execute(
        f"create index odd_ix on {schema}.orders (total);"
        f" alter table {schema}.products add column colour text;"
        f" alter table {schema}.products add constraint odd check (stock > -9);"
        f" create table {schema}.odd (id int); grant select on {schema}.orders to public"
    )
    for finding in examined(doctor, ["lupita"]).findings:
        for statement in finding.sql:
            central.execute(statement.encode())
    assert namespace(central, schema) == before
    assert examined(doctor, ["lupita"]).findings == ()


@pytest.mark.parametrize(
    "done",
    [
        "revoke {r} from wabot_runtime",
        "revoke usage on schema {s} from {r}",
        "alter default privileges in schema {s} revoke insert on tables from {r}",
        "drop owned by {r}; drop role {r}",
    ],
)
def test_rights_that_are_missing_are_given_back(
    shop: Tenant, doctor: ExamineTenants, central: Connection, done: str
) -> None:
    schema, role = shop.placement.schema, shop.placement.role
    before = everything(central, role), rights(central, schema, role)
    central.execute(done.format(s=schema, r=role))
    diagnosis = examined(doctor, ["lupita"])
    assert "rights" in [finding.kind for finding in diagnosis.findings]
    assert all(not treatment.failure for treatment in doctor.repair(diagnosis))
    assert examined(doctor, ["lupita"]).findings == ()
    after = everything(central, role)
    audited = {row for row in after if row[:2] == ("row", "audit")}
    assert after - audited == before[0] - {row for row in before[0] if row[:2] == ("row", "audit")}
    assert rights(central, schema, role) == before[1]
    assert audited


def test_a_shop_without_its_schema_is_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute(f"drop schema {shop.placement.schema} cascade")
    findings = examined(doctor).findings
    assert of(findings) == [("no_tables", "it has no tables where its placement says")]
    assert not findings[0].safe


def test_a_ledger_that_is_not_what_the_tables_say_is_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute("update wabot.clients set schema_revision = 'agua_0001'")
    kinds = [kind for kind, _ in of(examined(doctor).findings)]
    assert kinds == ["ledger"]


def test_a_revision_of_another_wabot_is_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute("update wabot.clients set schema_revision = 'base_9999'")
    central.execute(
        f"delete from {shop.placement.schema}.alembic_version where version_num like 'agua%'"
    )
    central.execute(f"update {shop.placement.schema}.alembic_version set version_num = 'base_9999'")
    ((kind, what),) = of(examined(doctor).findings)
    assert kind == "revision"
    assert "base_9999" in what


def test_a_module_that_the_template_brings_is_missed(
    shop: Tenant, doctor: ExamineTenants, provisioning: Provisioning, central: Connection
) -> None:
    provisioning.create.run(request_for("grocer"))
    central.execute("update wabot.clients set template = 'tintoreria' where slug = 'grocer'")
    ((finding),) = examined(doctor, ["grocer"]).findings
    assert finding.repair == "wabot tenant module add grocer tintoreria"


@pytest.mark.parametrize("status", ["provisioning", "moving"])
def test_what_was_begun_and_not_ended_is_named(
    shop: Tenant, doctor: ExamineTenants, central: Connection, status: str
) -> None:
    central.execute("update wabot.clients set status = %s", [status])
    ((kind, what),) = of(examined(doctor).findings)
    assert (kind, "did not end" in what) == ("unfinished", True)


def test_an_orphan_schema_goes_only_when_its_name_is_confirmed(
    shop: Tenant, doctor: ExamineTenants, provisioning: Provisioning, central: Connection
) -> None:
    gone = provisioning.create.run(request_for("gone")).tenant
    role, schema = gone.placement.role, gone.placement.schema
    central.execute("delete from wabot.clients where slug = 'gone'")
    diagnosis = examined(doctor)
    ((finding),) = diagnosis.findings
    assert (finding.kind, finding.slug, finding.safe) == ("orphan_schema", "", False)
    assert schema in finding.repair
    assert list(doctor.repair(diagnosis)) == []
    assert list(doctor.repair(diagnosis, confirmed=["another"])) == []
    assert ("schema", schema) in {row[:2] for row in everything(central)}
    (treated,) = doctor.repair(diagnosis, confirmed=[schema])
    assert treated.failure == ""
    assert examined(doctor).findings == ()
    assert not {row for row in everything(central, role) if schema in row or role in row}


def test_the_leftovers_of_a_prefix_go_only_when_their_name_is_confirmed(
    shop: Tenant, doctor: ExamineTenants, provisioning: Provisioning, central: Connection
) -> None:
    client = uuid4()
    place = prefix_placement(client)
    central.execute(
        f"create schema {place.schema};"
        f" create table {place.schema}.{place.prefix}alembic_version ();"
        f" create table {place.schema}.{place.prefix}orders ();"
        f" create table {place.schema}.another_orders ();"
        f" comment on table {place.schema}.{place.prefix}alembic_version"
        f" is 'wabot tenant={client}'"
    )
    diagnosis = examined(doctor)
    ((finding),) = diagnosis.findings
    assert finding.kind == "orphan_prefix"
    assert "2 tables" in finding.what
    (treated,) = doctor.repair(diagnosis, confirmed=[finding.confirm])
    assert treated.failure == ""
    left = central.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s)", [place.schema]
    ).fetchall()
    assert left == [("another_orders",)]
    assert examined(doctor).findings == ()


def test_an_orphan_role_that_owns_nothing_is_dropped(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    role = f"wabot_t_test_{secrets.token_hex(8)}"
    central.execute(f"create role {role}; comment on role {role} is 'wabot tenant={uuid4()}'")
    try:
        diagnosis = doctor.examine()
        (finding,) = [f for f in diagnosis.findings if f.confirm == role]
        assert (finding.kind, finding.safe) == ("orphan_role", True)
        chosen = replace(diagnosis, findings=(finding,))
        assert [treatment.failure for treatment in doctor.repair(chosen)] == [""]
        assert central.execute("select to_regrole(%s)", [role]).fetchone() == (None,)
    finally:
        central.execute(f"drop role if exists {role}")


def test_nothing_is_changed_by_looking(
    shop: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute(f"alter table {shop.placement.schema}.products drop column aliases")
    before = everything(central, shop.placement.role)
    examined(doctor)
    assert everything(central, shop.placement.role) == before


def test_an_unknown_name_is_refused(doctor: ExamineTenants) -> None:
    with pytest.raises(NotFound, match="nobody"):
        doctor.examine(["nobody"])


def test_the_command_says_what_is_wrong_and_repairs_it(
    cli: Cli, shop: Tenant, central: Connection
) -> None:
    assert cli("tenant", "doctor", "lupita").exit_code == 0
    central.execute(f"drop index {shop.placement.schema}.messages_event_ix")
    told = cli("tenant", "doctor", "lupita")
    assert told.exit_code == 1
    assert told.stdout.split("\t")[0] == "lupita"
    assert "wabot tenant doctor --fix lupita" in told.stderr
    found = cli("tenant", "doctor", "lupita", "--json")
    assert found.exit_code == 1
    assert [f["kind"] for f in document(found)["data"]["findings"]] == ["drift"]
    fixed = cli("tenant", "doctor", "lupita", "--fix", "--json")
    assert fixed.exit_code == 0
    assert document(fixed)["data"]["findings"] == []
    assert len(document(fixed)["data"]["repaired"]) == 1


def test_a_repair_is_only_offered_where_there_is_one(
    cli: Cli, shop: Tenant, central: Connection
) -> None:
    central.execute("update wabot.clients set status = 'moving'")
    told = cli("tenant", "doctor", "lupita")
    assert told.exit_code == 1
    assert "Repair what is harmless" not in told.stderr


@pytest.mark.parametrize("right", ["", "usage on schema wabot", "select on wabot.clients"])
def test_a_login_that_may_not_look_is_told_which_right_it_lacks(
    cli: Cli, shop: Tenant, central: Connection, central_url: str, right: str
) -> None:
    login = f"reader_{secrets.token_hex(8)}"
    central.execute(f"create role {login} login password 'x'".encode())
    try:
        if right:
            central.execute(f"grant usage on schema wabot to {login}".encode())
            central.execute(f"grant {right} to {login}".encode())
        url = make_conninfo(central_url, user=login, password="x")
        told = cli("tenant", "doctor", "--all", env={"DATABASE_URL": url})
        assert told.exit_code == 3, told.stderr
        assert "lacks a right" in told.stderr
    finally:
        central.execute(f"drop owned by {login}; drop role {login}".encode())


@pytest.mark.parametrize(
    "words", [[], ["lupita", "--all"], ["--all", "--confirm", "t_x"]], ids=" ".join
)
def test_words_that_make_no_sense_are_refused(cli: Cli, words: list[str]) -> None:
    assert cli("tenant", "doctor", *words).exit_code == 2


def test_the_head_is_that_of_the_template(shop: Tenant) -> None:
    assert shop.revision.split(",") == list(head_revisions(["agua"]))
