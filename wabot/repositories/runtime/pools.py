"""One connection pool per server and database, never one per tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import psycopg
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from wabot.domain.tenant import Tenant
from wabot.errors import DatabaseUnavailable

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

_LOST = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)


async def _prepare(connection: Connection) -> None:
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)


class Pools:
    """The pools of one process; connections log in as the runtime's role.

    Connections are in autocommit mode: a transaction is always explicit. Nothing is prepared by
    name and nothing set beyond a transaction, so that PgBouncer in transaction mode is fine.
    """

    def __init__(self, central_url: str, *, size: int, timeout: float = 5.0) -> None:
        self._urls = {"": central_url}
        self._size = size
        self._timeout = timeout
        self._pools: dict[str, AsyncConnectionPool[Connection]] = {}

    async def open(self) -> None:
        """Open the central pool; raises DatabaseUnavailable when the server does not answer."""
        try:
            pool = self._pool("")
            await pool.open()
            await pool.wait(self._timeout)
        except _LOST as error:
            raise DatabaseUnavailable(
                f"The central database does not answer: {str(error).strip()}",
                hint="Check DATABASE_URL and RUNTIME_DATABASE_URL, then: wabot db status",
                retryable=True,
            ) from error

    async def close(self) -> None:
        """Close every pool."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.close()

    def _pool(self, server: str) -> AsyncConnectionPool[Connection]:
        pool = self._pools.get(server)
        if pool is None:
            pool = AsyncConnectionPool(
                self._urls[server],
                min_size=1,
                max_size=self._size,
                timeout=self._timeout,
                max_lifetime=1800,
                kwargs={"autocommit": True, "prepare_threshold": None},
                configure=_prepare,
                open=False,
                name=server or "central",
            )
            self._pools[server] = pool
        return pool

    @asynccontextmanager
    async def _connection(self, server: str) -> AsyncIterator[Connection]:
        pool = self._pool(server)
        if pool.closed:
            await pool.open()
        try:
            async with pool.connection() as connection:
                yield connection
        except _LOST as error:
            where = "the central database" if not server else f"database server {server}"
            raise DatabaseUnavailable(
                f"Lost {where}: {str(error).strip() or type(error).__name__}", retryable=True
            ) from error

    @asynccontextmanager
    async def central(self) -> AsyncIterator[Connection]:
        """Borrow a connection to the central tables, in autocommit mode."""
        async with self._connection("") as connection:
            yield connection

    @asynccontextmanager
    async def tenant(self, tenant: Tenant) -> AsyncIterator[Connection]:
        """Borrow a connection inside a pipelined transaction under the tenant's own role."""
        async with (
            self._connection(tenant.placement.server) as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            await connection.execute(_ENTER, (tenant.placement.role,))
            yield connection


_ENTER = """
SELECT set_config('role', %s, true), set_config('statement_timeout', '10s', true),
       set_config('lock_timeout', '5s', true)
"""
