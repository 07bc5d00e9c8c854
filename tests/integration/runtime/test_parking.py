"""What comes for a client that is not active is kept, and due at once when it is active again."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.harness import Clock
from wabot.domain.conversation.events import TimerKind
from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.journal import PostgresJournal
from wabot.repositories.runtime.pools import Pools
from wabot.services.runtime.events import (
    Closing,
    ConversationKey,
    EventKind,
    Kept,
    NewEvent,
    TimerChange,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def journal(runtime_url: str, clock: Clock) -> AsyncIterator[PostgresJournal]:
    pools = Pools(runtime_url, size=4)
    yield PostgresJournal(
        pools,
        owner="tests",
        lease=10 * SECOND,
        quiet=SECOND,
        quiet_limit=3 * SECOND,
        clock=clock,
    )
    await pools.close()


@pytest.fixture
def shop(make_tenant: Callable[..., Tenant]) -> Tenant:
    return make_tenant("bodega")


@pytest.fixture
def become(central_url: str, shop: Tenant) -> Callable[[str], None]:
    def set_status(status: str) -> None:
        with psycopg.connect(central_url) as central:
            overdue = status == "overdue"
            central.execute(
                "UPDATE wabot.clients SET status = %s, trial_ends_at = %s",
                ["active" if overdue else status, NOW - SECOND if overdue else None],
            )

    return set_status


def event(shop: Tenant, key: str) -> NewEvent:
    return NewEvent(shop.phone_number_id, key, EventKind.MESSAGE, "521", {}, NOW, shop.id)


@pytest.mark.parametrize("status", ["provisioning", "moving", "suspended", "overdue"])
async def test_an_event_of_a_parked_client_is_kept_and_leases_nothing(
    journal: PostgresJournal, shop: Tenant, become: Callable[[str], None], status: str
) -> None:
    become(status)
    accepted = await journal.accept([event(shop, "wamid.1")])
    assert (accepted.stored, accepted.leased) == (1, ())
    assert await journal.claim_due(10) == []
    assert (await journal.agenda(NOW)).due_in is None
    assert await journal.adopt() == 0
    become("active")
    assert await journal.adopt() == 1
    key = ConversationKey(shop.id, "521")
    assert await journal.claim_due(10) == [key]
    taken = await journal.take(key)
    assert [found.key for found in taken or []] == ["wamid.1"]
    assert taken is not None
    assert taken[0].attempts == 1


async def test_a_lease_taken_before_the_pause_takes_nothing_after_it_and_is_parked(
    journal: PostgresJournal, shop: Tenant, become: Callable[[str], None]
) -> None:
    (held,) = (await journal.accept([event(shop, "wamid.1")])).leased
    key = held.key
    become("moving")
    assert await journal.take(key) == []
    assert await journal.close([Closing(key)]) == []
    assert (await journal.agenda(NOW)).due_in is None


async def test_what_was_taken_before_the_pause_is_closed_as_always(
    journal: PostgresJournal, shop: Tenant, become: Callable[[str], None]
) -> None:
    (held,) = (await journal.accept([event(shop, "wamid.1"), event(shop, "wamid.2")])).leased
    key = held.key
    first, second = await journal.take(key) or []
    become("moving")
    closing = Closing(key, done=(first.id,), kept=(Kept(second.id, timedelta(0)),))
    assert await journal.close([closing]) == []
    become("active")
    assert await journal.adopt() == 1
    assert await journal.claim_due(10) == [key]
    assert [found.key for found in await journal.take(key) or []] == ["wamid.2"]


async def test_timers_of_a_parked_client_wait(
    journal: PostgresJournal, shop: Tenant, become: Callable[[str], None]
) -> None:
    (held,) = (await journal.accept([event(shop, "wamid.1")])).leased
    key = held.key
    taken = await journal.take(key) or []
    timer = TimerChange(TimerKind.PAUSE_END, "wamid.1", NOW)
    await journal.close([Closing(key, done=(taken[0].id,), timers=(timer,))])
    become("suspended")
    assert not (await journal.agenda(NOW + SECOND)).timers_due
    assert await journal.fire_timers(NOW + SECOND) == []
    become("active")
    assert (await journal.agenda(NOW + SECOND)).timers_due
    assert await journal.fire_timers(NOW + SECOND) == [key]


async def test_a_client_is_parked_from_the_very_moment_its_grace_ends(
    journal: PostgresJournal, central_url: str, shop: Tenant, clock: Clock
) -> None:
    with psycopg.connect(central_url) as central:
        central.execute(
            "UPDATE wabot.clients SET trial_ends_at = %s, grace_ends_at = %s",
            [clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)],
        )
    (held,) = (await journal.accept([event(shop, "wamid.1")])).leased
    clock.advance(days=1, seconds=1)
    assert (await journal.accept([event(shop, "wamid.2")])).leased == ()
    assert await journal.take(held.key) == []
    assert await journal.close([Closing(held.key)]) == []
    assert await journal.adopt() == 0
    assert await journal.fire_timers(clock.now()) == []
    clock.advance(days=-1)
    assert await journal.adopt() == 1
    assert await journal.claim_due(10) == [held.key]
    assert len(await journal.take(held.key) or []) == 2
