"""What is wrong with one shop stays with it: the others' customers do not wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.harness import Harness, make_tenant, open_shop, running
from wabot.domain.tenant import Tenant
from wabot.simulation.graph import Fault
from wabot.simulation.inbound_payloads import Person, from_customer, text

OTHER = "106500000000002"
SLOW = 3.0


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment) as harness:
        yield harness


@pytest.fixture
async def neighbour(shop: Harness) -> Tenant:
    return await asyncio.to_thread(
        make_tenant, shop.settings, shop.owner_url, "vecina", number=OTHER
    )


async def answered_in(
    shop: Harness, number: str, people: list[Person], timeout: float = 60
) -> list[float]:
    """Let people greet a shop at the same moment; return how long each waited for the answer."""

    async def greet(person: Person) -> float:
        started = time.perf_counter()
        now = int(shop.clock.now().timestamp())
        status, _ = await shop.post(from_customer(number, person, text("hola"), timestamp=now))
        assert status == 200
        await shop.graph.journal.wait(
            matching=lambda m: (m.phone_number_id, m.to) == (number, person.wa_id), timeout=timeout
        )
        return time.perf_counter() - started

    return await asyncio.gather(*map(greet, people))


def people(first: int, count: int) -> list[Person]:
    return [Person(f"52155502{place:05}", f"N{place}") for place in range(first, first + count)]


async def side_by_side(
    shop: Harness, spoil: Callable[[], Awaitable[None]]
) -> tuple[list[float], list[float]]:
    """Spoil the shop, then let its customers and the neighbour's write at once."""
    # Everybody's tables are known and warm.
    await answered_in(shop, shop.tenant.phone_number_id, people(0, 2))
    await answered_in(shop, OTHER, people(0, 2))
    await spoil()
    return await asyncio.gather(
        answered_in(shop, shop.tenant.phone_number_id, people(10, 8)),
        answered_in(shop, OTHER, people(10, 8)),
    )


async def test_a_shop_whose_tables_are_slow_delays_no_other(
    shop: Harness, neighbour: Tenant
) -> None:
    async def slow_down() -> None:
        with open_shop(shop.owner_url, shop.tenant) as connection:
            connection.execute(
                "CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN PERFORM pg_sleep({SLOW}); RETURN NEW; END $$"
            )
            connection.execute(
                "CREATE TRIGGER slow BEFORE INSERT ON customers"
                " FOR EACH ROW EXECUTE FUNCTION sleep()"
            )

    slow, others = await side_by_side(shop, slow_down)
    assert min(slow) >= SLOW
    assert max(others) < SLOW / 2


async def test_a_shop_whose_tables_are_locked_delays_no_other(
    shop: Harness, neighbour: Tenant
) -> None:
    with open_shop(shop.owner_url, shop.tenant) as connection:

        async def lock() -> None:
            connection.execute("LOCK customers, messages IN ACCESS EXCLUSIVE MODE")
            asyncio.get_running_loop().call_later(SLOW, connection.rollback)

        slow, others = await side_by_side(shop, lock)
    assert min(slow) >= SLOW / 2
    assert max(others) < SLOW / 2


async def test_a_shop_that_graph_leaves_waiting_delays_no_other(
    shop: Harness, neighbour: Tenant
) -> None:
    async def stall() -> None:
        # Taken at once, answered late: the server waits with a turn in its hands.
        number = shop.tenant.phone_number_id
        shop.graph.fail(Fault(delay=SLOW, count=0, phone_number_id=number))

    _, others = await side_by_side(shop, stall)
    waiting = "SELECT DISTINCT phone_number_id FROM wabot.inbox WHERE state = 'waiting'"
    # The neighbour's own may still be being closed.
    await asyncio.sleep(0.5)
    assert shop.central(waiting) == [{"phone_number_id": shop.tenant.phone_number_id}]
    assert max(others) < SLOW / 2
