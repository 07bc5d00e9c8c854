"""A pool's connections: opened when needed, kept for those they know, replaced once they end."""

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest

from wabot.repositories.runtime.connections import ConnectionPool, PoolPlan
from wabot.repositories.runtime.scripts import Connection


async def _nothing(_connection: Connection) -> None:
    return


@pytest.fixture
async def make_pool(runtime_url: str) -> AsyncIterator[Callable[..., ConnectionPool]]:
    pools: list[ConnectionPool] = []

    def make(
        size: int = 3, timeout: float = 2.0, max_idle: float = 60.0, url: str = runtime_url
    ) -> ConnectionPool:
        pool = ConnectionPool(PoolPlan(url, _nothing, size, timeout, max_idle))
        pool.open()
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close()


async def backend(pool: ConnectionPool, home: int | None = None) -> int:
    async with pool.connection(home) as connection:
        cursor = await connection.execute("SELECT pg_backend_pid()")
        ((pid,),) = await cursor.fetchall()
    return int(pid)


def end(central_url: str, *pids: int) -> None:
    with psycopg.connect(central_url, autocommit=True) as server:
        for pid in pids:
            server.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def test_whoever_comes_again_finds_the_same_server_process(
    make_pool: Callable[..., ConnectionPool],
) -> None:
    pool = make_pool()
    numbers = range(100, 106)
    first = {number: await backend(pool, number) for number in numbers}
    assert {number: await backend(pool, number) for number in reversed(numbers)} == first
    assert first[100] == first[103] != first[101]
    assert pool.size == 3


async def test_one_at_a_time_needs_one_connection(
    make_pool: Callable[..., ConnectionPool],
) -> None:
    pool = make_pool()
    assert len({await backend(pool) for _ in range(5)}) == 1
    assert (pool.size, pool.in_use, pool.waiting) == (1, 0, 0)


async def test_no_more_than_the_plan_says_and_who_waits_too_long_is_told(
    make_pool: Callable[..., ConnectionPool],
) -> None:
    pool = make_pool(size=1, timeout=0.2)
    async with pool.connection():
        with pytest.raises(psycopg.OperationalError, match=r"no connection was free for 0\.2 s"):
            await backend(pool)
    await backend(pool)


async def test_connections_that_the_server_ended_are_replaced_before_anybody_gets_them(
    make_pool: Callable[..., ConnectionPool], central_url: str
) -> None:
    pool = make_pool()
    before = {await backend(pool, number) for number in range(3)}
    end(central_url, *before)
    after = {await backend(pool, number) for number in range(3)}
    assert not before & after


async def test_what_was_cut_off_in_the_middle_is_not_lent_again(
    make_pool: Callable[..., ConnectionPool],
) -> None:
    pool = make_pool(size=1)
    first = await backend(pool)
    with pytest.raises(psycopg.errors.DivisionByZero):
        await _fail(pool)
    assert await backend(pool) != first
    asleep = asyncio.create_task(_sleep(pool))
    while not pool.in_use:
        await asyncio.sleep(0)
    asleep.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asleep
    await backend(pool)
    assert (pool.in_use, pool.waiting) == (0, 0)


async def _fail(pool: ConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT 1 / 0")


async def _sleep(pool: ConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("SELECT pg_sleep(60)")


async def test_a_server_that_is_away_is_waited_for_as_long_as_the_plan_says(
    make_pool: Callable[..., ConnectionPool], runtime_url: str
) -> None:
    nowhere = psycopg.conninfo.make_conninfo(runtime_url, port="1")
    pool = make_pool(timeout=0.3, url=nowhere)
    with pytest.raises(psycopg.OperationalError):
        await backend(pool)
    assert (pool.size, pool.in_use) == (0, 0)


async def test_what_nobody_uses_is_closed(make_pool: Callable[..., ConnectionPool]) -> None:
    pool = make_pool(max_idle=0.05)
    async with pool.connection(0), asyncio.timeout(10):
        await backend(pool, 1)
        while pool.size > 1:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        while pool.size:
            await asyncio.sleep(0.01)


async def test_a_connection_lent_out_while_its_pool_closes_is_closed_after(
    make_pool: Callable[..., ConnectionPool],
) -> None:
    pool = make_pool()
    async with pool.connection() as connection:
        pool.close()
        await connection.execute("SELECT 1")
    assert not pool.size
