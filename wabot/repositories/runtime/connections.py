"""Connections to one database: few, opened when needed, each best used by those it knows."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from wabot.errors import ExternalFailure
from wabot.repositories import logins
from wabot.repositories.conninfo import for_one_connection, parameters_of
from wabot.repositories.runtime.lanes import Lanes
from wabot.repositories.runtime.scripts import Connection

Prepare = Callable[[Connection], Awaitable[None]]

_LIFETIME = 1800.0
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """Where connections go, and how many are kept, idle for how long.

    `timeout` bounds the wait for one, a server that is just starting included.
    """

    url: str
    prepare: Prepare
    size: int
    timeout: float
    max_idle: float


@dataclass(slots=True)
class _Kept:
    connection: Connection
    until: float
    used_at: float = 0.0


class ConnectionPool:
    """The pool of one database, in lanes.

    A server's process remembers what it has looked up of each table that it touched, 50 to 80 KB
    for a tenant's. So a tenant keeps to one lane as far as it can: what the processes remember
    together does not grow with their number, and is found again.
    """

    def __init__(self, plan: PoolPlan) -> None:
        self._plan = plan
        self._lanes = Lanes(plan.size)
        self._kept: dict[int, _Kept] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self.closed = True

    @property
    def size(self) -> int:
        """Return how many connections are open."""
        return len(self._kept)

    @property
    def in_use(self) -> int:
        """Return how many are lent out."""
        return self._plan.size - len(self._lanes.free)

    @property
    def waiting(self) -> int:
        """Return how many wait for one."""
        return self._lanes.waiting

    def open(self) -> None:
        """Let connections be borrowed; the first is opened by who needs it."""
        self.closed = False

    def close(self) -> None:
        """Close every connection; one that is lent out once it comes back."""
        self.closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for lane in self._lanes.free & self._kept.keys():
            self._drop(lane)

    @asynccontextmanager
    async def connection(self, guest: int | None = None) -> AsyncIterator[Connection]:
        """Lend a connection, best one that has had the guest of that number before.

        Raises OperationalError when none can be had in time.
        """
        began = self._now()
        try:
            lane = await self._lanes.take(guest, self._plan.timeout)
        except TimeoutError as error:
            raise psycopg.OperationalError(
                f"no connection was free for {self._plan.timeout:g} s"
            ) from error
        try:
            yield await self._ready(lane, began + self._plan.timeout)
        finally:
            self._take_back(lane)

    async def _ready(self, lane: int, deadline: float) -> Connection:
        kept = self._kept.get(lane)
        if kept is not None and (kept.until < self._now() or _is_lost(kept.connection)):
            self._drop(lane)
            kept = None
        if kept is None:
            connection = await self._connect(deadline)
            # Not all at the same time: what a new one has to look up costs the server.
            lifetime = _LIFETIME * random.uniform(0.8, 1.0)  # noqa: S311 - spread, not secret
            kept = self._kept[lane] = _Kept(connection, self._now() + lifetime)
        return kept.connection

    async def _connect(self, deadline: float) -> Connection:
        for pause in (*_PAUSES, *[_PAUSES[-1]] * 1000):
            try:
                return await self._connect_once()
            except psycopg.OperationalError:
                if self._now() + pause >= deadline:
                    raise
            # A server that starts again is back in a moment.
            await asyncio.sleep(pause)
        raise AssertionError("the pauses outlast every deadline")

    async def _connect_once(self) -> Connection:
        connection = await Connection.connect(
            await _way(self._plan.url),
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=max(int(self._plan.timeout), 2),
        )
        try:
            await self._plan.prepare(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    def _take_back(self, lane: int) -> None:
        kept = self._kept.get(lane)
        if kept is not None:
            kept.used_at = self._now()
            idle = kept.connection.info.transaction_status is TransactionStatus.IDLE
            if self.closed or not idle:
                self._drop(lane)
            elif self._sweep is None:
                self._sweep_later()
        self._lanes.give(lane)

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(self._plan.max_idle, self._drop_idle)

    def _drop_idle(self) -> None:
        self._sweep = None
        long_ago = self._now() - self._plan.max_idle
        for lane in self._lanes.free & self._kept.keys():
            if self._kept[lane].used_at <= long_ago:
                self._drop(lane)
        if self._kept:
            self._sweep_later()

    def _drop(self, lane: int) -> None:
        # At once: a task that closes it may never run when its loop is about to end. Closing waits
        # for nothing, though it is written as if it did.
        self._lanes.forget(lane)
        closing = self._kept.pop(lane).connection.close()
        with suppress(StopIteration):
            closing.send(None)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def _way(url: str) -> str:
    """Return what one connection is made with: where a password lives for minutes, with its own."""
    if not logins.is_asked_for(parameters_of(url)):
        return url
    try:
        return await asyncio.to_thread(for_one_connection, url)
    except ExternalFailure as error:
        # Whoever waits for the database waits for this as well.
        raise psycopg.OperationalError(f"{error.message}. {error.hint}") from error


def _is_lost(connection: Connection) -> bool:
    """Tell whether its server has ended it, as far as its farewell has arrived."""
    try:
        # The words of the farewell first, then the end.
        for _ in range(2):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.closed
