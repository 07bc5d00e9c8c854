"""A message that our code cannot handle: set aside, told once, and the next ones as always."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from tests.harness import Harness, running
from tests.integration.runtime.test_shop_in_trouble import break_, repair
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import text

SORRY = "no lo pude atender"


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment, WABOT_EVENT_TRIES="2") as harness:
        await harness.say("hola")
        await harness.settled()
        yield harness


def spoil_a_product(shop: Harness) -> None:
    """Leave a price in the catalogue that no sum can be made of."""
    shop.shop("UPDATE products SET price = 'NaN' WHERE name ILIKE '%arroz%'")
    shop.shop("UPDATE shop_state SET version = version + 1")


def mend_the_product(shop: Harness) -> None:
    shop.shop("UPDATE products SET price = 30 WHERE name ILIKE '%arroz%'")
    shop.shop("UPDATE shop_state SET version = version + 1")


async def set_aside(shop: Harness, count: int = 1) -> list[dict]:
    async with asyncio.timeout(30):
        while True:
            rows = shop.central("SELECT id, last_error FROM wabot.inbox WHERE state = 'failed'")
            if len(rows) >= count:
                return rows
            await asyncio.sleep(0.05)


def sorry(shop: Harness) -> list[str]:
    return [m.to for m in shop.graph.messages if SORRY in m.text]


async def test_the_customer_gets_one_apology_and_the_operator_an_alert_with_the_event(
    shop: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_a_product(shop)
    with caplog.at_level(logging.ERROR):
        await shop.post(shop.body(text("arroz")))
        (event,) = await set_aside(shop)
    assert "InvalidOperation" in event["last_error"]
    answer = await shop.answer()
    assert SORRY in answer.text
    assert "*asesor*" in answer.text
    (alert,) = shop.central("SELECT rule, client_id, message FROM wabot.alerts")
    assert (alert["rule"], alert["client_id"]) == ("event_set_aside", shop.tenant.id)
    assert f"Event {event['id']} " in alert["message"]
    assert f"wabot inbox show {event['id']}" in alert["message"]
    traces = [record.exc_info for record in caplog.records if record.exc_info]
    assert len(traces) == 2
    rows = shop.shop("SELECT status FROM messages WHERE direction = 'out' ORDER BY position")
    assert [row["status"] for row in rows] == ["accepted", "accepted"]


async def test_the_next_messages_are_handled_as_always(shop: Harness) -> None:
    spoil_a_product(shop)
    await shop.post(shop.body(text("arroz")))
    await set_aside(shop)
    assert SORRY in (await shop.answer()).text
    mend_the_product(shop)
    assert "Arroz" in (await shop.say("arroz")).text


async def test_tried_again_by_the_operator_in_vain_it_is_not_told_twice(shop: Harness) -> None:
    spoil_a_product(shop)
    await shop.post(shop.body(text("arroz")))
    (event,) = await set_aside(shop)
    for _ in range(2):
        shop.central_do(
            "UPDATE wabot.inbox SET state = 'waiting', attempts = 0, due_at = now()"
            " WHERE state = 'failed'"
        )
        shop.central_do("UPDATE wabot.conversations SET due_at = now()")
        await asyncio.sleep(0.5)
        assert await set_aside(shop) == [event]
    assert len(sorry(shop)) == 1
    mend_the_product(shop)
    shop.central_do(
        "UPDATE wabot.inbox SET state = 'waiting', attempts = 0, due_at = now()"
        " WHERE state = 'failed'"
    )
    shop.central_do("UPDATE wabot.conversations SET due_at = now()")
    await shop.answer()
    assert "Arroz" in (await shop.answer()).text


async def test_a_server_that_dies_after_writing_it_leaves_it_to_the_next(shop: Harness) -> None:
    spoil_a_product(shop)
    shop.graph.fail(Fault(code=131016, recipient=shop.customer.wa_id, count=2))
    await shop.post(shop.body(text("arroz")))
    async with asyncio.timeout(20):
        while not shop.shop("SELECT 1 FROM messages WHERE attempts > 0"):
            await asyncio.sleep(0.02)
    # Written and refused for now: the event is not given up before the customer knows.
    assert shop.central("SELECT 1 FROM wabot.inbox WHERE state = 'failed'") == []
    await set_aside(shop)
    assert len(sorry(shop)) == 1
    assert shop.shop("SELECT count(*) AS n FROM messages WHERE direction = 'out'") == [{"n": 2}]


async def test_while_a_person_has_the_chat_nothing_is_said(shop: Harness) -> None:
    await shop.say("asesor")
    await shop.settled()
    break_(shop, "RAISE EXCEPTION 'poison'", when="NEW.direction = 'in'")
    await shop.post(shop.body(text("¿hola?")))
    await set_aside(shop)
    await asyncio.sleep(0.3)
    assert sorry(shop) == []


async def test_a_new_customer_is_told_as_well(environment: dict[str, str]) -> None:
    async with running(environment, WABOT_EVENT_TRIES="1") as shop:
        break_(shop, "RAISE EXCEPTION 'poison'", when="NEW.direction = 'in'")
        await shop.post(shop.body(text("hola")))
        await set_aside(shop)
        assert sorry(shop) == [shop.customer.wa_id]
        repair(shop)
        assert SORRY in (await shop.answer()).text
        assert SORRY not in (await shop.say("hola")).text


async def test_when_not_even_the_apology_can_be_written_the_event_is_set_aside_all_the_same(
    shop: Harness,
) -> None:
    break_(shop, "RAISE EXCEPTION 'poison'")
    await shop.post(shop.body(text("hola")))
    await set_aside(shop)
    assert sorry(shop) == []
    repair(shop)
    await shop.say("hola")
