"""What nobody of the shop could be told is told when they write, in one message and once."""

from datetime import timedelta

from tests.harness import Harness
from tests.integration.runtime.test_quota_warnings import heard
from tests.integration.runtime.test_turns import order
from tests.integration.runtime.windows import (
    OWNER,
    alerts,
    late,
    outgoing,
    problem,
    shop,
    to_owner,
)
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import Person

__all__ = ["shop"]

BETO = Person("5215550100009", "Beto")


def open_rules(shop: Harness) -> set[str]:
    return {rule for rule, _, is_open in alerts(shop) if is_open}


def waited(shop: Harness) -> list[str]:
    texts = [m.text for m in shop.graph.messages if m.to == OWNER.wa_id]
    return [said for said in texts if "te pude avisar" in said or "🙋" in said or "📈" in said]


async def owner_writes(shop: Harness, words: str = "buenos días") -> None:
    await shop.say(words, sender=OWNER)
    await shop.settled()


async def test_orders_of_the_night_are_told_when_the_owner_writes(shop: Harness) -> None:
    await order(shop)
    shop.customer, ana = BETO, shop.customer
    await order(shop)
    shop.customer = ana
    await shop.settled()
    assert problem(shop) == "owner: window closed, no template"
    await owner_writes(shop)
    [told] = waited(shop)
    assert "Tienes 2 pedidos que no te pude avisar" in told
    assert all(named in told for named in ("P-101", "P-102", "Ana", "Beto", "$"))
    assert open_rules(shop) == set()
    assert shop.shop("SELECT DISTINCT delivery_problem FROM orders") == [{"delivery_problem": ""}]


async def test_what_was_told_is_not_told_again(one: Harness) -> None:
    await order(one)
    await one.settled()
    await owner_writes(one)
    await owner_writes(one, "hola")
    await one.say("asesor", sender=BETO)
    await one.settled()
    assert len(waited(one)) == 1


async def test_a_request_for_a_person_and_a_warning_are_told_with_it(one: Harness) -> None:
    one.shop("DELETE FROM settings WHERE key = 'adviser_phone'")
    one.shop("UPDATE shop_state SET version = version + 1")
    await one.say("asesor", sender=BETO)
    await heard(one, 1, 799)
    await heard(one, 2, 999)
    await owner_writes(one)
    [told] = waited(one)
    assert "pidieron hablar con una persona" in told
    assert "Beto" in told
    assert "Ya se usaron los 1,000 mensajes" in told
    assert told.count("📈") == 1
    assert "notice_unsent" not in open_rules(one)


async def test_what_is_over_by_then_is_not_told(one: Harness) -> None:
    await order(one)
    await one.settled()
    one.shop("UPDATE orders SET status = (SELECT code FROM order_status WHERE is_final LIMIT 1)")
    await heard(one, 1, 799)
    one.clock.advance(days=31)
    await owner_writes(one)
    assert waited(one) == []


async def test_it_waits_again_when_the_message_about_it_fails(one: Harness) -> None:
    await order(one)
    await one.settled()
    one.graph.fail(Fault(code=131026, count=1))
    await one.post(one.body(("text", {"text": {"body": "hola"}}), sender=OWNER))
    await one.settled()
    assert waited(one) == []
    assert problem(one) == "owner: window closed, no template"
    assert "order_unnoticed" in open_rules(one)
    await owner_writes(one)
    assert len(waited(one)) == 1
    assert open_rules(one) == set()
    assert problem(one) == ""


async def test_a_message_that_arrives_a_day_late_opens_nothing(one: Harness) -> None:
    await order(one)
    await one.settled()
    await one.post(late(one, OWNER, "hola", timedelta(hours=25)))
    await one.settled()
    assert to_owner(one) == []
    assert "notice_unsent" in open_rules(one)
    assert outgoing(one, "owner")[0]["status"] == "failed"


async def test_a_customers_turn_asks_for_nothing_that_waits(one: Harness) -> None:
    await order(one)
    await one.settled()
    await one.say("hola", sender=BETO)
    await one.settled()
    assert outgoing(one, "owner")[0]["status"] == "failed"
