"""Clients and their tables, as the provisioning use cases know them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine

from wabot.domain.migration import to_ledger
from wabot.domain.places import Places
from wabot.domain.plan import check_active_products
from wabot.domain.template import ShopSeed
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import Conflict
from wabot.repositories.provisioning import clients, databases, namespaces, shop_rows, waiting
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.failures import missing_tables, named_failures
from wabot.repositories.provisioning.migration_line import MigrationLine, bundled_line
from wabot.repositories.provisioning.servers import LIMITS, Servers
from wabot.repositories.provisioning.stopped import ALL_STOPPED, STOPPED, TRY_SENDING
from wabot.repositories.provisioning.turns import slug_turn, take_turn
from wabot.services.provisioning.ports import Origin, StoppedSending, TenantCounts, TenantSummary


class SqlTenants:
    """The tenants of one central database; `engine` connects as its owner."""

    def __init__(
        self,
        engine: Engine,
        *,
        servers: Servers | None = None,
        new_id: Callable[[], UUID] = uuid4,
        line: MigrationLine | None = None,
    ) -> None:
        self._engine = engine
        self._servers = servers
        self._new_id = new_id
        self._line = line or bundled_line()

    @property
    def line(self) -> MigrationLine:
        """Return the revisions that new tenants are made at."""
        return self._line

    def find(self, slug: str) -> Tenant | None:
        """Return the tenant of that slug."""
        with self._transaction() as connection:
            return next(iter(clients.read(connection, clients.by_slug(slug))), None)

    def chosen(self, slugs: Collection[str] | None) -> tuple[Tenant, ...]:
        """Return the tenants of these slugs, or all, by slug; the runtime's login is enough."""
        with self._transaction() as connection:
            return clients.read(connection, clients.chosen(slugs))

    def all_stopped(self) -> Mapping[UUID, StoppedSending]:
        """Return whose sending stands still; what waits is not counted."""
        with self._transaction() as connection:
            rows = connection.exec_driver_sql(ALL_STOPPED).all()
        return {client_id: StoppedSending(*rest) for client_id, *rest in rows}

    def holders(self, slug: str, phone_number_id: str) -> tuple[Tenant, ...]:
        """Return whoever has that slug or answers on that number."""
        with self._transaction() as connection:
            return clients.read(connection, clients.holding(slug, phone_number_id))

    def active(self) -> tuple[Tenant, ...]:
        """Return every tenant whose customers are answered, by slug."""
        with self._transaction() as connection:
            return clients.read(connection, clients.of_status(TenantStatus.ACTIVE))

    def listing(self) -> tuple[TenantSummary, ...]:
        """Return every tenant by slug, in one query."""
        with self._transaction() as connection:
            return clients.summaries(connection)

    def sealed_tokens(self, key_ids: Sequence[str]) -> tuple[tuple[UUID, str], ...]:
        """Return a few stored tokens under these keys, if there are none, under others."""
        with self._transaction() as connection:
            found = clients.sealed_tokens(connection, key_ids)
            return found or clients.sealed_tokens(connection)

    def places(self, tenant: Tenant) -> Places:
        """Return where the tenant is, was, and is being moved to."""
        with self._transaction() as connection:
            return clients.read_places(connection, tenant)

    def read_seed(self, tenant: Tenant) -> ShopSeed:
        """Return catalogue, order states and settings: all that a copy of the shop starts with."""
        with self.place_of(tenant) as connection:
            return shop_rows.read_seed(connection, tenant)

    def counts(self, tenant: Tenant) -> TenantCounts:
        """Count what the shop holds."""
        with self.place_of(tenant) as connection:
            return shop_rows.count(connection, tenant.placement)

    def stopped_sending(self, tenant: Tenant) -> StoppedSending | None:
        """Return why nothing of the shop is sent; None when it is."""
        with self._transaction() as connection:
            row = connection.exec_driver_sql(STOPPED, {"client": tenant.id}).one_or_none()
        return StoppedSending(*row) if row else None

    def try_sending(self, tenant: Tenant, *, actor: str) -> bool:
        """Have one message tried now where sending stands still; false where it does not."""
        with self._transaction() as connection:
            if not connection.exec_driver_sql(TRY_SENDING, {"client": tenant.id}).rowcount:
                return False
            note(connection, tenant, actor=actor, action="tenant.try_sending", details={})
        return True

    def survey(self, tenant: Tenant) -> None:
        """Refuse a place where a new tenant cannot be made; nothing is changed."""
        place = tenant.placement
        with self._transaction() as connection:
            if not place.database:
                databases.check_central_login(connection)
                return
            clients.refuse_held_database(connection, place)
        databases.survey(self._known_servers(), tenant.id, place)

    def create(
        self, tenant: Tenant, seed: ShopSeed, *, actor: str, origin: Origin | None = None
    ) -> tuple[Tenant, int]:
        """Make the tenant; return it with the number of events it took over.

        Its tables hold the seed, or what its origin gives.

        Raises Conflict when the slug or the number is taken. Beside the central tables it is one
        transaction; a database of its own takes several, and the same call goes on with them.
        """
        tenant = replace(tenant, revision=to_ledger(self._line.heads(seed.modules)))
        if tenant.placement.database:
            return self._create_database(tenant, seed, actor, origin)
        with self._transaction() as connection:
            _reserve(connection, tenant)
            clients.add(connection, tenant)
            self._fill(connection, tenant, seed, origin)
            attached = waiting.attach(connection, tenant)
            _audit(connection, tenant, actor, attached, origin)
            clients.publish(connection, tenant)
        return tenant, attached

    def _fill(
        self, connection: Connection, tenant: Tenant, seed: ShopSeed, origin: Origin | None
    ) -> None:
        if origin is not None:
            origin.content.write(connection, tenant)
        else:
            namespaces.make(connection, tenant, tenant.placement, self._line)
            shop_rows.write_seed(connection, tenant.placement, seed, self._new_id)
        # What was written counts, whatever was said of it before.
        active = shop_rows.count_active(connection, tenant.placement)
        allowed = tenant.allowance(datetime.now(UTC))
        check_active_products(allowed, tenant.slug, before=0, after=active)

    def _create_database(
        self, tenant: Tenant, seed: ShopSeed, actor: str, origin: Origin | None
    ) -> tuple[Tenant, int]:
        servers = self._known_servers()
        with slug_turn(self._engine, tenant.slug):
            databases.survey(servers, tenant.id, tenant.placement)
            with self._transaction() as connection:
                tenant = _begin(connection, tenant)
            password = ""
            if tenant.placement.runtime_secret:
                password = servers.password(tenant.id, tenant.placement.runtime_secret)
            databases.make(servers, tenant.id, tenant.placement, password)
            with servers.begin(tenant.id, tenant.placement) as place:
                if not namespaces.is_there(place, tenant.placement, tenant.id):
                    self._fill(place, tenant, seed, origin)
            with self._transaction() as connection:
                attached = waiting.attach(connection, tenant)
                clients.set_status(connection, tenant, TenantStatus.ACTIVE)
                _audit(connection, tenant, actor, attached, origin)
                clients.publish(connection, tenant)
        return replace(tenant, status=TenantStatus.ACTIVE), attached

    @contextmanager
    def place_of(self, tenant: Tenant) -> Iterator[Connection]:
        """Open a transaction in the database where the tenant's tables are, as their owner."""
        if not tenant.placement.database:
            with self._transaction() as connection, missing_tables(tenant.slug):
                yield connection
            return
        with (
            self._known_servers().begin(tenant.id, tenant.placement) as connection,
            missing_tables(tenant.slug),
        ):
            yield connection

    def _known_servers(self) -> Servers:
        assert self._servers is not None, "composed without the way to other databases"
        return self._servers

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with named_failures(), self._engine.begin() as connection:
            connection.exec_driver_sql(LIMITS)
            yield connection


def _reserve(connection: Connection, tenant: Tenant) -> None:
    take_turn(connection, tenant.slug)
    _refuse_if_taken(connection, tenant)


def _begin(connection: Connection, tenant: Tenant) -> Tenant:
    """Write the row that is the log of the steps, or find it as an earlier run left it."""
    found = next(iter(clients.read(connection, clients.by_slug(tenant.slug))), None)
    if found is not None and found.id == tenant.id:
        return found
    _refuse_if_taken(connection, tenant)
    take_turn(connection, f"database {tenant.placement.server} {tenant.placement.database}")
    clients.refuse_held_database(connection, tenant.placement)
    begun = replace(tenant, status=TenantStatus.PROVISIONING)
    clients.add(connection, begun)
    return begun


def _refuse_if_taken(connection: Connection, tenant: Tenant) -> None:
    for holder in clients.read(connection, clients.holding(tenant.slug, tenant.phone_number_id)):
        what = "slug" if holder.slug == tenant.slug else f"number {tenant.phone_number_id}"
        raise Conflict(
            f"the {what} is already that of tenant {holder.slug}; nothing was changed",
            hint=f"See it with: wabot tenant show {holder.slug}",
            # Somebody came first since the names were looked up: maybe with the same.
            retryable=True,
        )


def _audit(
    connection: Connection, tenant: Tenant, actor: str, attached: int, origin: Origin | None
) -> None:
    details: dict[str, Any] = {
        "template": tenant.template,
        "plan": tenant.plan,
        "phone_number_id": tenant.phone_number_id,
        "isolation": tenant.placement.isolation.value,
        "revision": tenant.revision,
        "attached_events": attached,
    }
    if origin is not None:
        details["from"] = dict(origin.details)
    action = origin.action if origin else "tenant.create"
    note(connection, tenant, actor=actor, action=action, details=details)
