"""The ways to a tenant's central rows and to its places, for acts that need both."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from wabot.domain.tenant import Placement, Tenant
from wabot.repositories.provisioning import databases, namespaces
from wabot.repositories.provisioning.failures import named_failures
from wabot.repositories.provisioning.servers import LIMITS, Servers

_AT_WORK = """
SELECT (SELECT count(*) FROM wabot.conversations
        WHERE client_id = %(client)s AND owner IS NOT NULL AND lease_until > now())
     + (SELECT count(*) FROM wabot.media
        WHERE phone_number_id = %(number)s AND lease_until > now())
"""


class Reach:
    """Reaches the tenants of one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine, servers: Servers) -> None:
        self._engine = engine
        self._servers = servers

    @contextmanager
    def central(self) -> Iterator[Connection]:
        """Open a transaction in the central database, with bounded waits."""
        with named_failures(), self._engine.begin() as connection:
            connection.exec_driver_sql(LIMITS)
            yield connection

    @contextmanager
    def into(self, tenant: Tenant, place: Placement) -> Iterator[Connection]:
        """Open a transaction where the place is."""
        if not place.database:
            with self.central() as connection:
                yield connection
            return
        with self._servers.begin(tenant.id, place) as connection:
            yield connection

    def at_work(self, tenant: Tenant) -> int:
        """Count the tenant's conversations and files that servers still hold."""
        with self.central() as connection:
            values = {"client": tenant.id, "number": tenant.phone_number_id}
            held = connection.exec_driver_sql(_AT_WORK, values).scalar_one()
        return int(held)

    def vacate(self, tenant: Tenant, place: Placement) -> None:
        """Drop what the tenant has in a place; each part may be gone already."""
        if place.database and databases.drop(self._servers, tenant.id, place):
            return
        # A database that was there before the tenant stays: only the tenant's part of it goes.
        with self.into(tenant, place) as connection:
            namespaces.drop(connection, place, tenant.id)
        if place.database:
            databases.unmark(self._servers, tenant.id, place)
