"""One connection pool per server and database, never one per tenant."""

import asyncio
import os
import socket
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import set_json_dumps, set_json_loads

from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.tenant import Tenant
from wabot.errors import ConfigurationError, DatabaseUnavailable, DecryptionFailed
from wabot.repositories.conninfo import parameters_of
from wabot.repositories.runtime.breakers import NOBODY, Breakers, Guarded
from wabot.repositories.runtime.connections import ConnectionPool, PoolPlan
from wabot.repositories.runtime.journal_statements import PREPARED
from wabot.repositories.runtime.scripts import Connection, TenantTransaction
from wabot.repositories.runtime.sql import TenantStatement
from wabot.repositories.runtime.troubles import LOST, Trouble, trouble_of, unavailable
from wabot.services.runtime.measuring import PoolUse

# Connections at most to a database that is one tenant's alone.
_SMALL = 4
# Beyond the statements' own time-outs; of a server that answers nothing at all.
_SILENCE = 20.0


_REACHED = TenantStatement("SELECT FROM {customers} LIMIT 1")


async def _configure(connection: Connection) -> None:
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)


async def _configure_central(connection: Connection) -> None:
    await _configure(connection)
    await connection.prepare(PREPARED)


@dataclass(slots=True)
class _Place:
    """A database and its pool; `borrowed` connections keep it from being closed."""

    name: str
    pool: ConnectionPool
    borrowed: int = 0


class Pools:
    """The pools of one process; connections log in as the runtime's role.

    One per server and database, however many tenants share it. Databases of single tenants get
    small pools whose connections close when idle, and of them only the `most` last used are kept.
    `decrypt` opens a client's ciphertext of a purpose: passwords of logins on other servers.

    Connections are in autocommit mode: a transaction is always explicit. Nothing is set beyond a
    transaction, and behind a pooler nothing prepared: PgBouncer in transaction mode is fine.
    """

    def __init__(
        self,
        central_url: str,
        *,
        size: int,
        timeout: float = 5.0,
        decrypt: Callable[[UUID, str, str], str] | None = None,
        most: int = 32,
    ) -> None:
        self._central_url = central_url
        self._size = size
        self._timeout = timeout
        self._decrypt = decrypt
        self._most = most
        self._ended = False
        self._breakers = Breakers()
        self._central = self._place("the central database", central_url, size, central=True)
        self._others: OrderedDict[tuple[str, str, str], _Place] = OrderedDict()

    async def open(self) -> None:
        """Open the central pool; raises DatabaseUnavailable when the server does not answer."""
        self._ended = False
        try:
            async with self._borrowed(self._central):
                pass
        except LOST as error:
            raise DatabaseUnavailable(
                f"The central database does not answer: {str(error).strip()}",
                hint="Check DATABASE_URL and RUNTIME_DATABASE_URL, then: wabot db status",
                retryable=True,
            ) from error

    async def close(self) -> None:
        """Close every pool; whoever borrows later gets nothing."""
        others, self._others = self._others, OrderedDict()
        self._ended = True
        for place in (*others.values(), self._central):
            place.pool.close()

    @property
    def breakers_open(self) -> int:
        """Return how many shops' databases or servers are spared at the moment."""
        return self._breakers.open

    def use(self) -> list[PoolUse]:
        """Tell how the central pool is used, and all the others together."""
        return [_use("central", [self._central]), _use("tenants", list(self._others.values()))]

    @asynccontextmanager
    async def central(self) -> AsyncIterator[Connection]:
        """Borrow a connection to the central tables, in autocommit mode."""
        try:
            async with self._borrowed(self._central) as connection:
                yield connection
        except LOST as error:
            raise unavailable(self._central.name, error) from error

    @asynccontextmanager
    async def tenant(
        self, tenant: Tenant, *, lasting: bool = True, urgent: bool = False
    ) -> AsyncIterator[TenantTransaction]:
        """Open a transaction under the tenant's own role; it commits when left without an error.

        A database that failed a few times in a row is spared for a while; `urgent` tries all the
        same.
        """
        place = self._place_of(tenant)
        with self._breakers.guarding(*(() if urgent else _guarded(tenant))) as verdict:
            try:
                async with (
                    self._borrowed(place, tenant.id.int) as connection,
                    _in_time(connection),
                ):
                    transaction = TenantTransaction(connection, tenant.placement, lasting=lasting)
                    try:
                        yield transaction
                        await transaction.commit()
                    except BaseException:
                        await transaction.rollback()
                        raise
            except LOST as error:
                verdict.blame(*_blamed(tenant, trouble_of(error)))
                raise unavailable(place.name, error) from error

    async def reach(self, tenant: Tenant) -> None:
        """Go into a tenant's tables as its turns do; raises what would keep them out."""
        try:
            async with self.tenant(tenant, urgent=True) as transaction:
                await transaction.ask((_REACHED, {}))
        except psycopg.Error as error:
            said = str(error).strip().split("\n", 1)[0]
            raise ConfigurationError(
                f"Its role {tenant.placement.role} does not get to its tables: {said}",
                hint=f"wabot tenant doctor {tenant.slug} --fix",
            ) from error

    def _place_of(self, tenant: Tenant) -> _Place:
        placement = tenant.placement
        if not placement.database:
            return self._central
        # Another password is another way in, also to the same database.
        key = (placement.server, placement.database, placement.runtime_secret)
        place = self._others.get(key)
        if place is None:
            name = f"the database {placement.database} of {tenant.slug}"
            url = self._url(tenant)
            place = self._others[key] = self._place(
                name, url, min(_SMALL, self._size), central=False
            )
        self._others.move_to_end(key)
        return place

    def _url(self, tenant: Tenant) -> str:
        placement = tenant.placement
        if not placement.server:
            parameters: dict[str, Any] = parameters_of(self._central_url)
        else:
            parameters = parameters_of(placement.server) | {"user": placement.login}
            if placement.runtime_secret:
                assert self._decrypt is not None, "composed without the way to open passwords"
                try:
                    parameters["password"] = self._decrypt(
                        tenant.id, placement.runtime_secret, DATABASE_PASSWORD
                    )
                except DecryptionFailed as error:
                    # No fault of the events: they wait until this process has the key.
                    raise DatabaseUnavailable(
                        f"The database of {tenant.slug} cannot be logged in to: {error.message}",
                        hint=error.hint,
                        retryable=True,
                    ) from error
        return make_conninfo("", **parameters | {"dbname": placement.database})

    def _place(self, name: str, url: str, size: int, *, central: bool) -> _Place:
        plan = PoolPlan(
            url,
            _configure_central if central else _configure,
            size,
            self._timeout,
            max_idle=600 if central else 60,
        )
        return _Place(name, ConnectionPool(plan))

    def _close_unused(self) -> None:
        """Close the pools that were not used for longest; what is borrowed is never closed."""
        too_many = len(self._others) - self._most
        idle = [key for key, place in self._others.items() if not place.borrowed]
        for key in idle[: max(too_many, 0)]:
            self._others.pop(key).pool.close()

    @asynccontextmanager
    async def _borrowed(self, place: _Place, guest: int | None = None) -> AsyncIterator[Connection]:
        if self._ended:
            raise psycopg.OperationalError("its connections are closed")
        place.borrowed += 1
        try:
            if place.pool.closed:
                place.pool.open()
                self._close_unused()
            async with place.pool.connection(guest) as connection:
                yield connection
        finally:
            place.borrowed -= 1


def _use(name: str, places: Sequence[_Place]) -> PoolUse:
    pools = [place.pool for place in places]
    return PoolUse(
        name,
        open=sum(pool.size for pool in pools),
        in_use=sum(pool.in_use for pool in pools),
        waiting=sum(pool.waiting for pool in pools),
    )


@asynccontextmanager
async def _in_time(connection: Connection) -> AsyncIterator[None]:
    """Cut the connection when its server is silent for longer than any statement may take.

    Asking it to cancel would wait for the same server.
    """
    timer = asyncio.get_running_loop().call_later(_SILENCE, _cut, connection)
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection) -> None:
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)


def _guarded(tenant: Tenant) -> tuple[Guarded, ...]:
    place = tenant.placement
    own = Guarded(_own(tenant), f"The database of {tenant.slug}")
    if not place.server:
        return (own,)
    # One database away is that shop's trouble; several are the server's, and others' on it.
    server = Guarded(place.server, f"The server of {tenant.slug}", place.database, sources=2)
    return (own, server)


def _own(tenant: Tenant) -> Hashable:
    # With its place: one that has moved begins anew.
    return tenant.id, tenant.placement.server, tenant.placement.database


def _blamed(tenant: Tenant, trouble: Trouble) -> tuple[Hashable, ...]:
    if trouble is Trouble.HELD_UP:
        return (_own(tenant),)
    if trouble is Trouble.AWAY and tenant.placement.database:
        return (_own(tenant), tenant.placement.server)
    # The central database is everybody's, and a collision nobody's fault.
    return (NOBODY,)
