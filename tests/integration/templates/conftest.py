"""A shop's tables as its template brings them, in a transaction that is never committed."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from typer.testing import CliRunner, Result

from wabot.cli.app import app
from wabot.domain.tenant import Isolation, Placement
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.tenant_ddl import head_ddl

Cli = Callable[..., Result]


@dataclass(frozen=True)
class ShopTables:
    """The tables of one shop with a customer, a product and an order to refer to."""

    connection: psycopg.Connection[dict[str, Any]]
    ids: Mapping[str, Any]

    def put(self, table: str, **values: Any) -> dict[str, Any]:
        """Insert a row, names of what stands in `ids` replaced by it, and return it."""
        row = {key: self.ids[value] if _named(value) else value for key, value in values.items()}
        statement = sql.SQL("insert into {} ({}) values ({}) returning *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        found = self.connection.execute(statement, list(row.values())).fetchone()
        assert found is not None
        return found

    @contextmanager
    def refusing(self, constraint: str, kind: type[psycopg.Error]) -> Iterator[None]:
        """Expect PostgreSQL to refuse what the block does, by that rule."""
        with pytest.raises(kind) as refused, self.connection.transaction():
            yield
        assert refused.value.diag.constraint_name == constraint


def _named(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("@")


@pytest.fixture(scope="module")
def open_shop(postgres_url: str) -> Iterator[Callable[[str], ShopTables]]:
    """Make the tables of a template's shop; they vanish when the module's tests have run."""
    opened: list[psycopg.Connection[dict[str, Any]]] = []

    def make(module: str) -> ShopTables:
        connection = psycopg.connect(postgres_url, row_factory=dict_row)
        opened.append(connection)
        # A name of its own: not even an uncommitted one can stand twice.
        schema = f"shop_{secrets.token_hex(6)}"
        connection.execute(f"create schema {schema}")
        connection.execute(f"set local search_path to {schema}")
        connection.execute(
            render(head_ddl([module]), Placement(Isolation.SCHEMA, schema=schema, role="nobody"))
        )
        shop = ShopTables(connection, {})
        shop.put("order_status", code="pendiente", label="Pendiente", position=1)
        ids: dict[str, Any] = {}
        for name in ("ana", "luis"):
            customer = shop.put(
                "customers", wa_id=f"52155{name}", name=name, first_contact_at="2026-03-02"
            )
            ids[f"@{name}"] = customer["id"]
        for name in ("first", "second"):
            product = shop.put("products", sku=name, name=name, price=10, stock=10)
            ids[f"@{name}"] = product["id"]
            order = shop.put(
                "orders", customer_id=ids["@ana"], total=10, status="pendiente", source=name
            )
            ids[f"@order_{name}"] = order["id"]
        address = shop.put("customer_addresses", customer_id=ids["@ana"], address="Calle 5")
        ids["@address"] = address["id"]
        return ShopTables(connection, ids)

    yield make
    for connection in opened:
        connection.rollback()
        connection.close()


@pytest.fixture
def cli(environment: dict[str, str]) -> Cli:
    """Run `wabot` off a terminal, with every required setting."""

    def run(*words: str, env: dict[str, str] | None = None) -> Result:
        # Named here so that what --template-dir sets is taken back afterwards.
        surroundings = environment | {"WABOT_TEMPLATE_DIR": ""} | (env or {})
        return CliRunner().invoke(app, words, env=surroundings)

    return run
