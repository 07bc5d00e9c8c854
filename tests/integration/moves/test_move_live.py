"""A server that runs follows a move by itself: every message is answered, and answered once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.harness import Harness, make_tenant, running
from wabot.config import load_settings
from wabot.container import tenants_at
from wabot.domain.tenant import Isolation, Tenant
from wabot.services.provisioning.move import MoveRequest, MoveStep
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.inbound_payloads import Person, text

PEOPLE = [Person(f"52155501{n:05}", f"Persona {n}") for n in range(40)]


@pytest.mark.parametrize(
    "way",
    [
        (Isolation.PREFIX,),
        (Isolation.DATABASE,),
        (Isolation.DATABASE, Isolation.PREFIX, Isolation.SCHEMA),
    ],
    ids=["to-prefix", "to-database", "round-trip"],
)
async def test_messages_that_come_during_a_move_are_answered_exactly_once(
    environment: dict[str, str], way: Sequence[Isolation]
) -> None:
    settings = load_settings(environ=environment)
    tenant = await asyncio.to_thread(
        make_tenant, settings, environment["DATABASE_URL"], "bodega", plan="premium"
    )
    async with running(environment, tenant=tenant, statuses=StatusLevel.READ) as shop:
        chance = random.Random(7)
        writing = [asyncio.create_task(write(shop, p, chance.uniform(0, 3))) for p in PEOPLE]
        for kind in way:
            await asyncio.sleep(0.2)
            shop.tenant = await asyncio.to_thread(move, shop, kind)
        await asyncio.gather(*writing)
        await shop.graph.statuses.settled()
        await shop.settled(30)

        answers = Counter(message.to for message in shop.graph.messages)
        assert answers == {person.wa_id: 1 for person in PEOPLE}
        rows = shop.shop(
            "SELECT direction, status, count(*) FROM messages GROUP BY 1, 2 ORDER BY 1"
        )
        assert rows == [
            {"direction": "in", "status": "received", "count": len(PEOPLE)},
            {"direction": "out", "status": "read", "count": len(PEOPLE)},
        ]
        inbox = shop.central("SELECT state, max(attempts) AS tries FROM wabot.inbox GROUP BY 1")
        assert [row["state"] for row in inbox] == ["done"]
        assert shop.central("SELECT rule FROM wabot.alerts") == []


async def write(shop: Harness, person: Person, after: float) -> None:
    await asyncio.sleep(after)
    assert (await shop.post(shop.body(text("hola"), sender=person)))[0] == 200


def move(shop: Harness, to: Isolation) -> Tenant:
    """Move the shop as slowly as one with many rows."""

    def slowly(step: MoveStep) -> None:
        if step in {MoveStep.CLOSE, MoveStep.SWITCH}:
            time.sleep(0.3)

    keys = shop.settings["WABOT_MASTER_KEY"]
    with tenants_at(shop.owner_url, keys=keys) as provisioning:
        asked = MoveRequest("bodega", to, drop_source=True)
        return provisioning.move.run(asked, on_step=slowly).tenant


async def test_what_came_while_a_shop_was_paused_is_answered_when_it_goes_on(
    environment: dict[str, str],
) -> None:
    async with running(environment) as shop:
        before = len(shop.graph.messages)

        def post_in_the_middle(step: MoveStep) -> None:
            if step is MoveStep.COPY:
                posted = asyncio.run_coroutine_threadsafe(write(shop, PEOPLE[0], 0), loop)
                posted.result(10)
                time.sleep(1.5)
                assert len(shop.graph.messages) == before

        loop = asyncio.get_running_loop()
        keys = shop.settings["WABOT_MASTER_KEY"]
        with tenants_at(shop.owner_url, keys=keys) as provisioning:
            asked = MoveRequest("bodega", Isolation.PREFIX)
            moved = await asyncio.to_thread(
                provisioning.move.run, asked, on_step=post_in_the_middle
            )
        assert moved.waited == 1
        began = time.monotonic()
        assert (await shop.answer(PEOPLE[0])).text
        assert time.monotonic() - began < 3
