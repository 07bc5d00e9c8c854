"""PostgreSQL itself refuses what a tenant's role may not touch."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.integration.tenants.conftest import Create
from wabot.domain.tenant import Placement
from wabot.models.naming import TENANT_PREFIX_MARK
from wabot.models.tenant import metadata

Connection = psycopg.Connection[Any]


@pytest.fixture
def runtime(runtime_url: str) -> Iterator[Connection]:
    """The login that `wabot serve` uses."""
    with psycopg.connect(runtime_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def own(create: Create) -> Placement:
    return create("own").tenant.placement


@pytest.fixture
def other(create: Create) -> Placement:
    return create("other").tenant.placement


def run_as(runtime: Connection, role: str, statement: str) -> Any:
    """Run one statement in a transaction that takes the role, as every turn does."""
    with runtime.transaction():
        runtime.execute("select set_config('role', %s, true)", [role])
        cursor = runtime.execute(statement)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def test_a_tenants_role_reads_and_writes_its_own(runtime: Connection, own: Placement) -> None:
    inserted = run_as(
        runtime,
        own.role,
        f"insert into {own.schema}.customers (wa_id, first_contact_at) values ('52155', now())",
    )
    assert inserted == 1
    # Identity and generated columns work without rights on sequences.
    ordered = run_as(
        runtime,
        own.role,
        f"insert into {own.schema}.orders (customer_id, total, status, source)"
        f" select id, 5, 'pendiente', 'wamid.1' from {own.schema}.customers returning order_code",
    )
    assert ordered == [("P-101",)]
    assert run_as(runtime, own.role, f"update {own.schema}.products set stock = stock - 1") > 0
    assert run_as(runtime, own.role, f"delete from {own.schema}.orders") == 1


TABLES = sorted(table.name.removeprefix(TENANT_PREFIX_MARK) for table in metadata.sorted_tables)


def test_every_table_of_another_tenant_is_refused(
    runtime: Connection, own: Placement, other: Placement
) -> None:
    for table in TABLES:
        for statement in (
            f"select * from {other.schema}.{table}",
            f"delete from {other.schema}.{table}",
        ):
            with pytest.raises(InsufficientPrivilege):
                run_as(runtime, own.role, statement)


def test_with_the_role_forgotten_every_tenants_table_is_refused(
    runtime: Connection, own: Placement
) -> None:
    for table in TABLES:
        with pytest.raises(InsufficientPrivilege):
            runtime.execute(f"select * from {own.schema}.{table}")


def test_an_unrendered_statement_is_refused(runtime: Connection, own: Placement) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        run_as(runtime, own.role, "select * from tenant.__wbp__orders")


@pytest.mark.parametrize(
    "statement",
    [
        "update wabot.clients set name = 'x'",
        "select * from wabot.clients",
        "insert into wabot.audit_log (actor, action) values ('x', 'y')",
        "update wabot.registry set version = 0",
    ],
)
def test_a_tenants_role_reaches_nothing_central(
    runtime: Connection, own: Placement, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        run_as(runtime, own.role, statement)


def test_the_runtime_itself_changes_no_client(runtime: Connection, own: Placement) -> None:
    with pytest.raises(InsufficientPrivilege):
        runtime.execute("update wabot.clients set status = 'suspended'")


@pytest.mark.parametrize(
    "statement",
    [
        "create table {schema}.extra (id int)",
        "drop table {schema}.orders",
        "alter table {schema}.orders add column extra int",
        "truncate {schema}.products",
        "update {schema}.alembic_version set version_num = 'x'",
        "select * from {schema}.alembic_version",
        "drop schema {schema} cascade",
        "create schema mine",
    ],
)
def test_a_tenants_role_changes_rows_and_never_tables(
    runtime: Connection, own: Placement, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        run_as(runtime, own.role, statement.format(schema=own.schema))


def test_the_role_ends_with_the_transaction(runtime: Connection, own: Placement) -> None:
    run_as(runtime, own.role, f"select 1 from {own.schema}.products limit 1")
    assert runtime.execute("select current_user").fetchone() == ("wabot_runtime",)


def test_the_runtime_takes_no_role_but_a_tenants(runtime: Connection, postgres_url: str) -> None:
    owner = psycopg.conninfo.conninfo_to_dict(postgres_url).get("user", "postgres")
    with pytest.raises(InsufficientPrivilege):
        run_as(runtime, str(owner), "select 1")
