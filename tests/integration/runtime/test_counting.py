"""Each message that Graph takes counts once, in the month of the shop's own time zone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.harness import OWNER_PHONE, Harness, open_shop, running
from wabot.config import Settings
from wabot.container.usage import open_usage
from wabot.domain.message import Recipient, TextMessage
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month, day_of
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.turns import PostgresTenantStore
from wabot.services.runtime.turns import Outgoing, SendMark, StatusChange, TurnWrites
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.inbound_payloads import Person, text

DUE = "UPDATE wabot.usage_refresh SET taken_until = now() - interval '1 s'"
ROLLED = "SELECT * FROM wabot.usage"
MOMENT = timedelta(microseconds=1)
SERVICE = {"category": "service", "type": "regular", "model": "PMP", "kind": "regular"}


@pytest.fixture
async def busy(environment: dict[str, str]) -> AsyncIterator[Harness]:
    """A shop of the plan with a thousand messages whose statuses all come."""
    async with running(environment, statuses=StatusLevel.READ) as harness:
        yield harness


@pytest.fixture
async def pools(runtime_url: str) -> AsyncIterator[Pools]:
    made = Pools(runtime_url, size=4)
    await made.open()
    yield made
    await made.close()


def use_up(shop: Harness, messages: int) -> None:
    """Let the shop have sent so many messages this month."""
    today = day_of(shop.clock.now(), shop.tenant.time_zone)
    shop.shop("DELETE FROM usage")
    shop.shop("INSERT INTO usage VALUES (%s, %s)", [today, messages])


def counted(shop: Harness) -> int:
    (row,) = shop.shop("SELECT coalesce(sum(messages), 0)::int AS messages FROM usage")
    return int(row["messages"])


def charged(shop: Harness) -> int:
    (row,) = shop.shop("SELECT coalesce(sum(messages), 0)::int AS messages FROM charges")
    return int(row["messages"])


async def test_a_hundred_at_once_at_the_limit_and_twenty_redeliveries_are_counted_exactly(
    busy: Harness,
) -> None:
    busy.staff_wrote()
    use_up(busy, 950)
    people = [Person(f"52155501{n:05}", f"Cliente {n}", "") for n in range(100)]
    bodies = [busy.body(text("hola"), sender=person) for person in people]
    again = bodies[:20]
    answers = await asyncio.gather(*(busy.post(body) for body in [*bodies, *again]))
    assert {status for status, _ in answers} == {200}
    await busy.settled(60)
    await busy.graph.statuses.settled()
    await busy.settled(60)
    told = Counter(m.to for m in busy.graph.messages)
    owner = OWNER_PHONE.removeprefix("+")
    # Everybody once, and the owner at most once of each line.
    assert {told[person.wa_id] for person in people} == {1}
    assert set(told) <= {person.wa_id for person in people} | {owner}
    assert told[owner] in {1, 2}
    assert counted(busy) == 950 + len(busy.graph.messages)
    assert charged(busy) == len(busy.graph.messages)
    # Now that the limit is behind, who is told of it is told once, and nobody is sold anything.
    before = len(busy.graph.messages)
    answers = await asyncio.gather(*(busy.post(body) for body in bodies))
    await busy.settled(60)
    assert len(busy.graph.messages) == before
    notes = [busy.body(text("buenas"), sender=person) for person in people[:10]]
    await asyncio.gather(*(busy.post(body) for body in notes * 2))
    await busy.settled(60)
    late = busy.graph.messages[before:]
    assert len(late) <= 10
    assert all("no puedo atenderte" in message.text for message in late)
    assert counted(busy) == 950 + before + len(late)


async def written(store: PostgresTenantStore, shop: Tenant, at: datetime) -> Outgoing:
    """Write a message that is on its way."""
    message = Outgoing(
        id=uuid4(),
        audience="customer",
        recipient=Recipient("5215550100001"),
        message=TextMessage("Hola"),
        event_key=f"wamid.{uuid4()}",
        occurred_at=at,
    )
    async with store.turn(shop) as turn:
        await turn.write(
            TurnWrites(
                customer_id=None,
                contact="5215550100001",
                at=at,
                claimed_by="tests",
                claim=timedelta(seconds=10),
                outgoing=(message,),
            )
        )
    return message


def status(message: Outgoing, word: str, at: datetime, **more: Any) -> StatusChange:
    return StatusChange(f"wamid.{message.id}", word, at, message.id, **more)


async def apply(store: PostgresTenantStore, shop: Tenant, *changes: StatusChange) -> None:
    async with store.turn(shop) as turn:
        await turn.apply_statuses(changes)


def rows(owner_url: str, shop: Tenant, query: str) -> list[tuple[Any, ...]]:
    with open_shop(owner_url, shop) as connection:
        return [tuple(found.values()) for found in connection.execute(query).fetchall()]


DAYS = "SELECT day, messages FROM usage ORDER BY day"
CHARGES = "SELECT day, recipients, category, kind, messages FROM charges ORDER BY day"


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        # The clocks of Chile change on 4 April and 5 September, of Tijuana on 8 March and 1
        # November 2026; Buenos Aires leaves its clocks alone.
        ("America/Santiago", datetime(2026, 4, 1, 3, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 10, 1, 3, tzinfo=UTC)),
        ("America/Tijuana", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("America/Tijuana", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("America/Argentina/Buenos_Aires", datetime(2026, 11, 1, 3, tzinfo=UTC)),
    ],
)
async def test_the_month_turns_at_the_shops_midnight(
    make_tenant: Callable[..., Tenant],
    pools: Pools,
    central_url: str,
    zone: str,
    begins: datetime,
) -> None:
    shop = make_tenant("bodega", time_zone=zone)
    store = PostgresTenantStore(pools)
    month = Month.at(begins, zone)
    before, after = await written(store, shop, begins), await written(store, shop, begins)
    counts = [
        await store.mark(shop, [SendMark(before.id, wamid="a")], begins - MOMENT),
        await store.mark(shop, [SendMark(after.id, wamid="b")], begins),
    ]
    assert counts == [1, 1]
    expected = [(month.first - timedelta(days=1), 1), (month.first, 1)]
    assert rows(central_url, shop, DAYS) == expected
    # What the next turn sees: the old month until midnight, the new one from then on.
    for at, seen in ((begins - MOMENT, 1), (begins, 1), (month.next.begins(zone), 0)):
        async with store.turn(shop) as turn:
            assert (await turn.standing(at))[1] == seen


async def test_marks_and_statuses_in_any_order_and_number_count_once(
    make_tenant: Callable[..., Tenant], pools: Pools, central_url: str
) -> None:
    shop = make_tenant("bodega")
    store = PostgresTenantStore(pools)
    at = datetime(2026, 11, 10, 18, tzinfo=UTC)
    first, second = await written(store, shop, at), await written(store, shop, at)
    mark = SendMark(first.id, wamid=f"wamid.{first.id}")
    delivered = status(first, "delivered", at, pricing=SERVICE)
    # The status is faster than the mark, both come again, and at the same time.
    await apply(store, shop, status(first, "sent", at, pricing=SERVICE))
    assert await store.mark(shop, [mark], at) is None
    await asyncio.gather(
        *(apply(store, shop, delivered) for _ in range(4)),
        *(store.mark(shop, [mark], at) for _ in range(4)),
    )
    await apply(store, shop, status(first, "read", at))
    # Nobody but the mark knows of the other.
    assert await store.mark(shop, [SendMark(second.id, wamid="wamid.2")], at) == 2
    assert rows(central_url, shop, DAYS) == [(date(2026, 11, 10), 2)]
    assert rows(central_url, shop, CHARGES) == [
        (date(2026, 11, 10), "5215", "service", "regular", 1)
    ]


async def test_the_price_may_come_before_or_with_or_after_the_delivery(
    make_tenant: Callable[..., Tenant], pools: Pools, central_url: str
) -> None:
    shop = make_tenant("bodega")
    store = PostgresTenantStore(pools)
    at = datetime(2026, 11, 10, 18, tzinfo=UTC)
    early, together, late, never = [await written(store, shop, at) for _ in range(4)]
    await apply(store, shop, status(early, "sent", at, pricing=SERVICE))
    await apply(store, shop, status(early, "delivered", at))
    await apply(
        store, shop, status(together, "sent", at, pricing=SERVICE), status(together, "read", at)
    )
    await apply(store, shop, status(late, "delivered", at))
    await apply(store, shop, status(late, "read", at, pricing=SERVICE))
    await apply(store, shop, status(never, "sent", at, pricing=SERVICE))
    await apply(store, shop, status(never, "failed", at, error_code=131026))
    (found,) = rows(central_url, shop, "SELECT sum(messages)::int FROM charges")
    assert found == (3,)
    assert rows(central_url, shop, DAYS) == [(date(2026, 11, 10), 4)]


async def test_another_time_zone_in_the_middle_of_a_month_counts_nothing_twice(
    make_tenant: Callable[..., Tenant], pools: Pools, central_url: str
) -> None:
    shop = make_tenant("bodega")
    moved = replace(shop, time_zone="America/Argentina/Buenos_Aires")
    store = PostgresTenantStore(pools)
    # Still the 30th in Mexico, already the 1st in Argentina.
    at = datetime(2026, 12, 1, 4, tzinfo=UTC)
    one, two = await written(store, shop, at), await written(store, shop, at)
    await store.mark(shop, [SendMark(one.id, wamid="a")], at)
    assert await store.mark(moved, [SendMark(one.id, wamid="a")], at) is None
    assert await store.mark(moved, [SendMark(two.id, wamid="b")], at) == 1
    assert rows(central_url, shop, DAYS) == [(date(2026, 11, 30), 1), (date(2026, 12, 1), 1)]


async def test_the_owner_is_told_of_a_line_once_for_each_limit(
    make_tenant: Callable[..., Tenant], pools: Pools
) -> None:
    shop, november = make_tenant("bodega"), Month(2026, 11)
    store = PostgresTenantStore(pools)

    async def first(levels: list[int], limit: int, month: Month = november) -> bool:
        async with store.turn(shop) as turn:
            return await turn.first_warning(month, levels, limit)

    assert await first([80], 1_000)
    assert not await first([80], 1_000)
    assert await first([80, 100], 1_000)
    # A plan that grew has lines of its own; one that shrank has none that they do not know.
    assert await first([80], 5_000)
    assert not await first([80], 1_000)
    assert await first([80], 1_000, november.next)
    # Who learned that all is gone need not hear of a part of it.
    assert await first([80, 100], 9_000)
    assert not await first([80], 9_000)


async def test_owner_and_operator_are_told_once_of_each_line_until_the_plan_grows(
    busy: Harness, settings: Settings, runtime_url: str
) -> None:
    busy.staff_wrote()
    use_up(busy, 799)

    def notices() -> list[str]:
        return [m.text for m in busy.graph.messages if m.to == OWNER_PHONE.removeprefix("+")]

    def alerts() -> list[str]:
        query = "SELECT rule FROM wabot.alerts WHERE rule ~ '^quota' AND resolved_at IS NULL"
        return sorted(row["rule"] for row in busy.central(query))

    await busy.say("hola")
    await busy.settled()
    await busy.say("menú")
    await busy.settled()
    assert len(notices()) == 1
    assert "de los 1,000 mensajes" in notices()[0]
    assert alerts() == ["quota_80"]
    # As after a crash: all is counted, and nobody was told.
    use_up(busy, 1_000)
    await busy.say("hola", sender=Person("5215550100077", "Beto", ""))
    await busy.settled()
    assert len(notices()) == 2
    assert "Ya se usaron los 1,000 mensajes" in notices()[1]
    assert alerts() == ["quota_100", "quota_80"]
    busy.central_do("UPDATE wabot.clients SET plan_type = 'completo'")
    busy.central_do(DUE)
    async with open_usage(settings, runtime_url) as usage:
        await usage.run()
    assert alerts() == []


async def test_a_shop_that_cannot_be_read_keeps_nobody_else_and_is_read_by_whoever_is_next(
    busy: Harness, settings: Settings, runtime_url: str
) -> None:
    await busy.say("hola")
    await busy.settled()
    busy.shop("ALTER TABLE usage RENAME TO hidden")
    busy.central_do(DUE)
    async with open_usage(settings, runtime_url) as usage:
        await usage.run()
    (waits,) = busy.central("SELECT client_id, reason FROM wabot.usage_waiting")
    assert waits["client_id"] == busy.tenant.id
    assert "cannot be read" in waits["reason"]
    busy.shop("ALTER TABLE hidden RENAME TO usage")
    # Nothing was done since; another process takes the next refresh.
    busy.central_do("UPDATE wabot.usage_refresh SET done_until = now() + interval '1 minute'")
    busy.central_do(DUE)
    async with open_usage(settings, runtime_url) as usage:
        await usage.run()
    assert busy.central("SELECT * FROM wabot.usage_waiting") == []
    (row,) = busy.central(ROLLED)
    assert row["messages"] == counted(busy)


async def test_what_shops_count_is_rolled_up_by_one_process_and_can_be_rebuilt(
    busy: Harness, settings: Settings, runtime_url: str
) -> None:
    await busy.say("hola")
    await busy.say("sal")
    message = await busy.say("2")
    message = await busy.tap(message, "Terminar pedido")
    message = await busy.tap(message, "Recoger en tienda")
    await busy.tap(message, "Confirmar")
    await busy.settled()
    await busy.graph.statuses.settled()
    await busy.settled()
    sent = len(busy.graph.messages)
    busy.central_do(DUE)
    async with open_usage(settings, runtime_url) as one, open_usage(settings, runtime_url) as two:
        taken = await asyncio.gather(*(u.book.take(timedelta(minutes=1)) for u in (one, two)))
        assert sorted(found is None for found in taken) == [False, True]
        (changed,) = [found for found in taken if found]
        assert changed.clients == {busy.tenant.id}
        await one.book.finish(changed)
        month = Month.at(busy.clock.now(), busy.tenant.time_zone)
        await one.refresh(busy.tenant, month)
        (row,) = busy.central(ROLLED)
        assert (row["messages"], row["orders"], sum(row["days"])) == (sent, 1, sent)
        assert (row["cost"], row["currency"], row["unpriced"]) == (Decimal(0), "USD", [])
        assert row["allowance_left"] == 1_000 - sent
        # Beyond the free ones each costs: 1,000 + 100 more to Mexico are 100 × 0.0085 dollars.
        today = day_of(busy.clock.now(), busy.tenant.time_zone)
        busy.shop("DELETE FROM charges")
        busy.shop("INSERT INTO charges VALUES (%s, '5215', 'service', 'regular', 0, 1100)", [today])
        busy.central_do("DELETE FROM wabot.usage")
        busy.central_do(
            "INSERT INTO wabot.usage (client_id, month) VALUES (%s, '2019-01')", [busy.tenant.id]
        )
        await one.rebuild(busy.tenant)
        (row,) = busy.central(ROLLED)
        found = (row["month"], row["messages"], row["cost"])
        assert found == (str(month), sent, Decimal("0.85"))
        assert await one.book.everybody() == [busy.tenant.id]
