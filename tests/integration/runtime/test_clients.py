"""What the runtime keeps of its clients in memory."""

from collections.abc import AsyncIterator

import pytest

from tests.harness import make_tenant
from wabot.config import Settings
from wabot.repositories.runtime.clients import PostgresClients
from wabot.repositories.runtime.pools import Pools


@pytest.fixture
async def clients(runtime_url: str) -> AsyncIterator[PostgresClients]:
    pools = Pools(runtime_url, size=2)
    await pools.open()
    yield PostgresClients(pools, most=2)
    await pools.close()


async def test_no_more_clients_are_kept_than_the_bound_and_all_are_found(
    settings: Settings, central_url: str, clients: PostgresClients
) -> None:
    shops = [make_tenant(settings, central_url, f"shop-{n}", number=str(n + 1)) for n in range(4)]
    await clients.refresh()
    for _ in range(2):
        for shop in shops:
            found = await clients.by_phone_number_id(shop.phone_number_id)
            assert found is not None
            assert found.id == shop.id
            assert await clients.by_id(shop.id) is not None
    for unknown in range(900, 905):
        assert await clients.by_phone_number_id(str(unknown)) is None
    assert len(clients._by_number) == 2
    assert len(clients._by_id) == 2
