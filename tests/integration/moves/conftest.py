"""The fixtures of the moves' tests: a shop with an order, and a place on another server."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.harness import make_tenant, open_shop
from tests.integration.tenants.conftest import cli
from wabot.config import Settings
from wabot.container import Provisioning, tenants_at
from wabot.domain.tenant import Tenant
from wabot.repositories.provisioning.servers import split_database_url
from wabot.services.provisioning.places import DatabaseAt

__all__ = ["cli"]


@pytest.fixture
def provisioning(settings: Settings, central_url: str) -> Iterator[Provisioning]:
    with tenants_at(central_url, keys=settings["WABOT_MASTER_KEY"], actor="ops") as found:
        yield found


@pytest.fixture
def tenant(settings: Settings, central_url: str) -> Tenant:
    made = make_tenant(settings, central_url, "bodega", plan="premium")
    with open_shop(central_url, made) as shop:
        shop.execute(
            "WITH ana AS (INSERT INTO customers (wa_id, name, first_contact_at)"
            " VALUES ('5215550100001', 'Ana \\ ñ 🥑', now()) RETURNING id),"
            " first AS (INSERT INTO orders (customer_id, total, status, source)"
            " SELECT id, 56.50, 'pendiente', 'wamid.1' FROM ana RETURNING id)"
            " INSERT INTO order_items (order_id, name, quantity, step, unit, unit_price, total)"
            " SELECT id, 'Arroz', 2, 0.25, 'kg', 28.25, 56.50 FROM first"
        )
    return made


@pytest.fixture
def server_at(postgres_url: str, make_database: Callable[..., str]) -> DatabaseAt:
    """A database that stands already, on what the client takes for another server."""
    given = psycopg.conninfo.conninfo_to_dict(make_database())
    password = str(given.pop("password", "")) or "password of the other server"
    server, database = split_database_url(psycopg.conninfo.make_conninfo("", **given))
    return DatabaseAt(server, database, password)
