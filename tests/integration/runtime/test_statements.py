"""Every statement of the hot path is one that PostgreSQL can plan in a tenant's place."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from wabot.repositories.runtime import shops, turn_statements
from wabot.repositories.runtime.sql import TenantStatement

STATEMENTS = {
    f"{module.__name__.rsplit('.', 1)[1]}.{name}": value
    for module in (turn_statements, shops)
    for name, value in vars(module).items()
    if isinstance(value, TenantStatement)
}


@pytest.fixture
def as_runtime(runtime_url: str, make_tenant) -> Iterator[tuple[psycopg.Connection, object]]:
    tenant = make_tenant("bodega")
    with psycopg.connect(runtime_url) as connection:
        connection.execute("SELECT set_config('role', %s, true)", [tenant.placement.role])
        yield connection, tenant.placement


def test_there_are_statements_to_plan() -> None:
    assert len(STATEMENTS) > 25


def test_every_statement_is_planned_under_the_tenants_own_role(as_runtime) -> None:
    connection, placement = as_runtime
    for name, statement in STATEMENTS.items():
        text = statement.render(placement)
        assert "{" not in text, name
        assert "tenant.__wbp__" not in text, name
        numbered = _numbered(text)
        with connection.transaction():
            connection.execute(sql.SQL("PREPARE p AS " + numbered))
            connection.execute("DEALLOCATE p")


def test_a_statement_that_was_not_rendered_is_refused(as_runtime) -> None:
    connection, _ = as_runtime
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute(turn_statements.RAISE_VERSION.text)


def test_an_unknown_table_is_refused_when_the_module_is_imported() -> None:
    with pytest.raises(ValueError, match="custommers"):
        TenantStatement("SELECT 1 FROM {custommers}")


def _numbered(text: str) -> str:
    names: dict[str, int] = {}
    return re.sub(r"%\((\w+)\)s", lambda m: f"${names.setdefault(m[1], len(names) + 1)}", text)
