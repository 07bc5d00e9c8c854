"""Clients and their tables, as the provisioning use cases know them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, insert

from wabot.domain.migration import modules_of, to_ledger
from wabot.domain.template import ShopSeed
from wabot.domain.tenant import Tenant
from wabot.errors import Conflict
from wabot.models.central import audit_log
from wabot.repositories.provisioning import clients, shop_rows, waiting
from wabot.repositories.provisioning.failures import named_failures
from wabot.repositories.provisioning.migration_line import MigrationLine, bundled_line
from wabot.repositories.provisioning.tenant_ddl import creation_sql
from wabot.services.provisioning.ports import TenantCounts

_LIMITS = (
    "SELECT set_config('lock_timeout', '3s', true), set_config('statement_timeout', '60s', true)"
)
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('wabot tenant ' || %(slug)s, 0))"


class SqlTenants:
    """The tenants of one central database; `engine` connects as its owner."""

    def __init__(
        self,
        engine: Engine,
        *,
        new_id: Callable[[], UUID] = uuid4,
        line: MigrationLine | None = None,
    ) -> None:
        self._engine = engine
        self._new_id = new_id
        self._line = line or bundled_line()

    def find(self, slug: str) -> Tenant | None:
        """Return the tenant of that slug."""
        with self._transaction() as connection:
            return next(iter(clients.read(connection, clients.by_slug(slug))), None)

    def holders(self, slug: str, phone_number_id: str) -> tuple[Tenant, ...]:
        """Return whoever has that slug or answers on that number."""
        with self._transaction() as connection:
            return clients.read(connection, clients.holding(slug, phone_number_id))

    def listing(self) -> tuple[Tenant, ...]:
        """Return every tenant by slug, in one query."""
        with self._transaction() as connection:
            return clients.read(connection)

    def read_seed(self, tenant: Tenant) -> ShopSeed:
        """Return catalogue, order states and settings: all that a copy of the shop starts with."""
        with self._transaction() as connection:
            return shop_rows.read_seed(connection, tenant)

    def counts(self, tenant: Tenant) -> TenantCounts:
        """Count what the shop holds."""
        with self._transaction() as connection:
            return shop_rows.count(connection, tenant.placement)

    def create(self, tenant: Tenant, seed: ShopSeed, *, actor: str) -> tuple[Tenant, int]:
        """Make the tenant in one transaction; return it with the number of events it took over.

        Raises Conflict when the slug or the number is taken; nothing is left behind by a failure.
        """
        tenant = replace(tenant, revision=to_ledger(self._line.heads(seed.modules)))
        with self._transaction() as connection:
            _reserve(connection, tenant)
            clients.add(connection, tenant)
            _make_namespace(connection, tenant, self._line)
            shop_rows.write_seed(connection, tenant.placement, seed, self._new_id)
            attached = waiting.attach(connection, tenant)
            _audit(connection, tenant, actor, attached)
            clients.publish(connection, tenant)
        return tenant, attached

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with named_failures(), self._engine.begin() as connection:
            connection.exec_driver_sql(_LIMITS)
            yield connection


def _reserve(connection: Connection, tenant: Tenant) -> None:
    if not connection.exec_driver_sql(_LOCK, {"slug": tenant.slug}).scalar_one():
        raise Conflict(
            f"tenant {tenant.slug} is being created by another command",
            hint="Wait for it to end, then: wabot tenant show " + tenant.slug,
            retryable=True,
        )
    for holder in clients.read(connection, clients.holding(tenant.slug, tenant.phone_number_id)):
        what = "slug" if holder.slug == tenant.slug else f"number {tenant.phone_number_id}"
        raise Conflict(
            f"the {what} is already that of tenant {holder.slug}; nothing was changed",
            hint=f"See it with: wabot tenant show {holder.slug}",
        )


def _make_namespace(connection: Connection, tenant: Tenant, line: MigrationLine) -> None:
    version = connection.exec_driver_sql("SELECT current_setting('server_version_num')::int")
    sql = creation_sql(
        tenant.placement,
        tenant.id,
        server_version=version.scalar_one() // 10_000,
        modules=modules_of(tenant.revision),
        line=line,
    )
    # Without parameters psycopg sends the whole text at once.
    connection.exec_driver_sql(sql, execution_options={"no_parameters": True})


def _audit(connection: Connection, tenant: Tenant, actor: str, attached: int) -> None:
    connection.execute(
        insert(audit_log).values(
            actor=actor,
            action="tenant.create",
            client_id=tenant.id,
            slug=tenant.slug,
            details={
                "template": tenant.template,
                "plan": tenant.plan,
                "phone_number_id": tenant.phone_number_id,
                "isolation": tenant.placement.isolation.value,
                "revision": tenant.revision,
                "attached_events": attached,
            },
        )
    )
