"""All tables of a shop, copied by COPY from any placement to any other."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.lifecycle.rows import Connection, contents, fill, tables
from tests.integration.tenants.conftest import Create
from wabot.domain.tenant import Isolation, Placement
from wabot.errors import Refused
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.table_copy import (
    copy_in,
    copy_out,
    copy_tables,
    positions,
    require_shape,
    snapshot,
    table_sum,
)
from wabot.repositories.provisioning.table_shapes import tables_of
from wabot.repositories.provisioning.tenant_ddl import head_ddl

PREFIXED = Placement(Isolation.PREFIX, schema="Shared shops", role="nobody", prefix="c7f_")
OWN_DATABASE = Placement(Isolation.DATABASE, schema="public", role="nobody")


@pytest.fixture
def other(make_database: Callable[..., str]) -> Iterator[Connection]:
    """Another database, as on another server."""
    with psycopg.connect(make_database(), autocommit=True) as connection:
        yield connection


def make_tables(connection: Connection, placement: Placement) -> None:
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{placement.schema}"')
    connection.execute(render(head_ddl(), placement))


@pytest.mark.parametrize("target", [PREFIXED, OWN_DATABASE], ids=["prefix", "database"])
def test_a_copy_into_another_placement_and_back_is_equal_row_by_row(
    create: Create, central: Connection, other: Connection, target: Placement
) -> None:
    home = create().tenant.placement
    fill(central, home)
    make_tables(other, target)
    with snapshot(central), other.transaction():
        copied = copy_tables(central, home, other, target)
    original = contents(central, home)
    assert contents(other, target) == original
    assert {name: found.rows for name, found in copied.items()} == {
        name: len(rows) for name, rows in original.items() if name != "alembic_version"
    }
    back = Placement(Isolation.SCHEMA, schema="back", role="nobody")
    make_tables(central, back)
    with snapshot(other), central.transaction():
        assert copy_tables(other, target, central, back) == copied
    assert contents(central, back) == original


def test_numbers_go_on_where_the_original_stood(
    create: Create, central: Connection, other: Connection
) -> None:
    home = create().tenant.placement
    fill(central, home, 5)
    central.execute(f'DELETE FROM "{home.schema}".orders')
    make_tables(other, PREFIXED)
    with snapshot(central), other.transaction():
        copy_tables(central, home, other, PREFIXED)
    (orders,) = (t for t in tables_of(other, PREFIXED) if t.name == "orders")
    assert {column: p.last for column, p in positions(other, orders).items()} == {"number": 105}


def test_tables_of_templates_and_modules_go_along_and_neighbours_stay(
    create: Create, central: Connection, other: Connection
) -> None:
    make_tables(central, PREFIXED)
    neighbour = Placement(Isolation.PREFIX, schema=PREFIXED.schema, role="nobody", prefix="d8_")
    make_tables(central, neighbour)
    extra = 'CREATE TABLE "Shared shops".c7f_prices (day date, product uuid REFERENCES'
    central.execute(f'{extra} "Shared shops".c7f_products)')
    found = [table.name for table in tables_of(central, PREFIXED)]
    assert set(found) == set(tables(central, PREFIXED)) - {"alembic_version"}
    assert found.index("products") < found.index("prices")
    for table in tables_of(central, PREFIXED):
        assert all(found.index(name) < found.index(table.name) for name in table.refers_to)


def test_what_changes_during_a_copy_is_not_in_it(create: Create, central: Connection,
                                                 central_url: str) -> None:  # fmt: skip
    home = create().tenant.placement
    fill(central, home, 2)
    with psycopg.connect(central_url, autocommit=True) as writer, snapshot(central):
        (customers,) = (t for t in tables_of(central, home) if t.name == "customers")
        before = table_sum(central, home, customers)
        writer.execute(f'UPDATE "{home.schema}".customers SET name = $$x$$')
        assert table_sum(central, home, customers) == before
        with copy_out(central, home, customers) as blocks:
            assert b"x\t" not in b"".join(blocks)
    assert table_sum(central, home, customers) != before


def test_a_sum_tells_any_change_of_a_value_and_no_change_of_order(
    create: Create, central: Connection
) -> None:
    home = create().tenant.placement
    fill(central, home, 4)
    (customers,) = (t for t in tables_of(central, home) if t.name == "customers")
    before = table_sum(central, home, customers)
    name = f'"{home.schema}".customers'
    central.execute(f"UPDATE {name} SET name = name")
    central.execute("SET TimeZone = 'America/Lima'")
    central.execute("SET DateStyle = 'SQL, DMY'")
    assert table_sum(central, home, customers) == before
    central.execute(f"UPDATE {name} SET phone_number = NULLIF('', wa_id) WHERE wa_id LIKE '%1'")
    assert table_sum(central, home, customers) != before


def test_a_target_that_lacks_a_column_or_a_table_is_refused(
    create: Create, central: Connection, other: Connection, subtests: pytest.Subtests
) -> None:
    home = create().tenant.placement
    make_tables(other, OWN_DATABASE)
    for change, told in (
        ("ALTER TABLE customers RENAME name TO nombre", "name"),
        ("DROP TABLE unknown_words", "no table unknown_words"),
    ):
        with subtests.test(change=change):
            other.execute(change)
            there = {table.name: table for table in tables_of(other, OWN_DATABASE)}
            refused = []
            for table in tables_of(central, home):
                try:
                    require_shape(table, there.get(table.name), OWN_DATABASE)
                except Refused as error:
                    refused.append(error.message)
            assert any(told in message for message in refused)


def test_a_torn_copy_leaves_nothing(create: Create, central: Connection) -> None:
    home = create().tenant.placement
    fill(central, home, 2)
    before = contents(central, home)
    (words,) = (t for t in tables_of(central, home) if t.name == "unknown_words")

    def torn() -> Iterator[Any]:
        yield b"a\t1\t2026-01-01\n"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        copy_in(central, home, words, torn())
    assert contents(central, home) == before
