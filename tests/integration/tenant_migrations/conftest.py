"""Real tenants, and a line of revisions that a test may lengthen."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.tenant_migrations.revisions import templates
from tests.integration.tenants.asking import request_for
from wabot.config import Settings
from wabot.container import Provisioning, open_tenants
from wabot.domain.tenant import Tenant
from wabot.repositories.conninfo import connect
from wabot.repositories.provisioning.migrating import PostgresFleet
from wabot.repositories.provisioning.migration_line import MigrationLine
from wabot.services.provisioning.migrate import MigrateTenants

Make = Callable[..., Tenant]
Open = Callable[..., MigrateTenants]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of all templates to which a test may add revisions."""
    return templates(tmp_path)


@pytest.fixture
def provisioning(settings: Settings) -> Iterator[Provisioning]:
    with open_tenants(settings) as found:
        yield found


@pytest.fixture
def make(provisioning: Provisioning) -> Make:
    """Create a shop as `wabot tenant create` does."""

    def run(slug: str, **changes: str) -> Tenant:
        return provisioning.create.run(request_for(slug, **changes)).tenant

    return run


@pytest.fixture
def migrations(provisioning: Provisioning, folder: Path) -> Iterator[Open]:
    """The use case over the test's own revisions, as they are when it is asked for."""
    fleets: list[PostgresFleet] = []

    def open_(lock_timeout: float = 0.2) -> MigrateTenants:
        fleet = PostgresFleet(
            lambda: connect(provisioning.owner_url, autocommit=True),
            provisioning.servers.connect,
            lock_timeout=lock_timeout,
        )
        fleets.append(fleet)
        return MigrateTenants(fleet, MigrationLine(folder), lambda _: None, "tester")

    yield open_
    for fleet in fleets:
        fleet.close()


@pytest.fixture
def central(central_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The central database as its owner."""
    with psycopg.connect(central_url, autocommit=True) as connection:
        yield connection
