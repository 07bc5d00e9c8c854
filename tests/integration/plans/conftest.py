"""A shop, and the operator's commands over a real central database."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.asking import create_words, document
from tests.integration.tenants.conftest import Cli, central, cli
from wabot.config import Settings
from wabot.container import Provisioning, tenants_at

__all__ = ["central", "cli"]

Connection = psycopg.Connection[Any]
Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def shop(cli: Cli) -> str:
    """A shop of the smallest plan, with the 48 products of its template."""
    done = cli(*create_words("lupita"), stdin="EAAtoken")
    assert done.exit_code == 0, done.output
    return "lupita"


@pytest.fixture
def provisioning(settings: Settings, central_url: str) -> Iterator[Provisioning]:
    """The use cases that the command line runs."""
    with tenants_at(central_url, keys=settings["WABOT_MASTER_KEY"]) as opened:
        yield opened


@pytest.fixture
def rows(cli: Cli, central: Connection, shop: str) -> Rows:
    """Ask the shop's own tables; `{}` stands for its schema."""
    schema = document(cli("tenant", "show", shop, "--json"))["data"]["placement"]["schema"]

    def ask(statement: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = central.execute(statement.replace("{}", f'"{schema}"'), values)
        return cursor.fetchall() if cursor.description else []

    return ask


@pytest.fixture
def audited(central: Connection) -> Callable[[], list[tuple[str, Any]]]:
    """All acts but the shop's making, oldest first, with their details."""

    def ask() -> list[tuple[str, Any]]:
        return central.execute(
            "SELECT action, details FROM wabot.audit_log WHERE action <> 'tenant.create'"
            " ORDER BY id"
        ).fetchall()

    return ask
