"""One pool per database, however many shops share it; few of them open at once."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from tests.harness import make_tenant
from wabot.config import Settings
from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.tenant import Tenant
from wabot.errors import DatabaseUnavailable
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.runtime.pools import Pools

NUMBERS = [f"10650000000000{n}" for n in range(1, 7)]


@pytest.fixture
def make(settings: Settings, central_url: str) -> Callable[..., Tenant]:
    def create(number: str, isolation: str) -> Tenant:
        slug = f"{isolation}-{number[-1]}"
        return make_tenant(settings, central_url, slug, number=number, isolation=isolation)

    return create


async def use(pools: Pools, tenant: Tenant) -> str:
    async with pools.tenant(tenant) as transaction:
        ((name,),) = await transaction.execute("SELECT current_database()")
    return str(name)


async def test_shops_of_one_database_share_its_pool(
    make: Callable[..., Tenant], pools: Pools, central_url: str
) -> None:
    kinds = ("schema", "prefix") * 3
    shops = [make(number, kind) for number, kind in zip(NUMBERS, kinds, strict=True)]
    assert len({await use(pools, shop) for shop in shops}) == 1
    with psycopg.connect(central_url) as central:
        (count,) = central.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'wabot_runtime'"
        ).fetchone() or (0,)
    assert count <= 2


async def test_of_own_databases_only_the_last_used_stay_open(
    make: Callable[..., Tenant], runtime_url: str, central_url: str
) -> None:
    pools = Pools(runtime_url, size=2, most=2)
    await pools.open()
    try:
        shops = [make(number, "database") for number in NUMBERS[:4]]
        names = [await use(pools, shop) for shop in shops]
        assert len(set(names)) == 4
        with psycopg.connect(central_url) as central:
            found = central.execute(
                "SELECT DISTINCT datname FROM pg_stat_activity"
                " WHERE usename = 'wabot_runtime' AND datname = ANY(%s)",
                [names],
            ).fetchall()
        assert {name for (name,) in found} == set(names[2:])
        assert await use(pools, shops[0]) == names[0]
    finally:
        await pools.close()


async def test_a_pool_at_work_is_never_closed(
    make: Callable[..., Tenant], runtime_url: str
) -> None:
    pools = Pools(runtime_url, size=2, most=1)
    await pools.open()
    try:
        first, second, third = (make(number, "database") for number in NUMBERS[:3])
        async with pools.tenant(first) as connection:
            await use(pools, second)
            await use(pools, third)
            await connection.execute("SELECT 1")
    finally:
        await pools.close()


async def test_a_password_that_no_key_opens_lets_the_shop_wait(
    make: Callable[..., Tenant], runtime_url: str
) -> None:
    shop = make(NUMBERS[0], "database")
    sealed = TokenCipher((bytes(32),)).encrypt(shop.id, "secret", DATABASE_PASSWORD)
    elsewhere = replace(
        shop.placement, server="host=127.0.0.1", login="somebody", runtime_secret=sealed
    )
    pools = Pools(runtime_url, size=2, decrypt=TokenCipher((bytes(range(32)),)).decrypt)
    await pools.open()
    try:
        with pytest.raises(DatabaseUnavailable, match="WABOT_MASTER_KEY holds") as raised:
            await use(pools, replace(shop, placement=elsewhere))
        assert raised.value.retryable
        assert "Add the former key" in raised.value.hint
    finally:
        await pools.close()


async def test_a_database_that_is_away_is_named_and_the_others_go_on(
    make: Callable[..., Tenant], runtime_url: str
) -> None:
    pools = Pools(runtime_url, size=2, timeout=0.5)
    await pools.open()
    try:
        shop = make(NUMBERS[0], "database")
        gone = replace(shop, placement=replace(shop.placement, database="wabot_gone"))
        with pytest.raises(DatabaseUnavailable, match="wabot_gone"):
            await use(pools, gone)
        await use(pools, shop)
    finally:
        await pools.close()


async def test_a_connection_that_comes_back_to_closed_pools_is_closed_at_once(
    runtime_url: str,
) -> None:
    """Its event loop may be about to end: a task that closes it would never run."""
    pools = Pools(runtime_url, size=1)
    async with pools.central() as connection:
        await pools.close()
        assert not connection.closed
    assert connection.closed


async def test_whoever_is_late_opens_nothing_in_closed_pools(runtime_url: str) -> None:
    pools = Pools(runtime_url, size=1)
    await pools.open()
    await pools.close()
    with pytest.raises(DatabaseUnavailable, match="its connections are closed"):
        async with pools.central():
            pass
    assert [use.open for use in pools.use()] == [0, 0]
    await pools.open()
    await pools.close()
