"""Transactions that change one tenant, kept apart from everything else that changes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import Conflict, NotFound, Refused
from wabot.repositories.provisioning import clients
from wabot.repositories.provisioning.failures import missing_tables, named_failures
from wabot.repositories.provisioning.servers import LIMITS, Servers
from wabot.repositories.provisioning.turns import take_turn

_SETTLED = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)


@contextmanager
def central_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction in the central database, with bounded waits."""
    with named_failures(), engine.begin() as connection:
        connection.exec_driver_sql(LIMITS)
        yield connection


@contextmanager
def own_tables(servers: Servers, central: Connection, tenant: Tenant) -> Iterator[Connection]:
    """Go to the tenant's tables: in the same transaction unless it has a database of its own.

    What is done there is committed first: what failed after that is done again.
    """
    if not tenant.placement.database:
        with missing_tables(tenant.slug):
            yield central
        return
    place = servers.begin(tenant.id, tenant.placement)
    with place as connection, missing_tables(tenant.slug):
        yield connection


def hold(connection: Connection, before: Tenant) -> None:
    """Keep the tenant as it was read; Conflict when somebody changed it since, or has the turn."""
    take_turn(connection, before.slug)
    query = clients.by_slug(before.slug).with_for_update()
    if clients.read(connection, query) != (before,):
        raise Conflict(
            f"tenant {before.slug} was changed by another command meanwhile",
            hint=f"Nothing was changed. See it with: wabot tenant show {before.slug}",
            retryable=True,
        )


def wait_for(connection: Connection, slug: str) -> Tenant:
    """Return the tenant as it is now and keep it so; Refused while its tables may be elsewhere."""
    query = clients.by_slug(slug).with_for_update()
    tenant = next(iter(clients.read(connection, query)), None)
    if tenant is None:
        raise NotFound(f"there is no tenant {slug!r} any more", hint="See: wabot tenant list")
    if tenant.status not in _SETTLED:
        raise Refused(
            f"tenant {slug} is {tenant.status.value}: nothing was changed",
            hint=f"See it with: wabot tenant show {slug}",
        )
    return tenant
