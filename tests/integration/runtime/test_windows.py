"""Outside the 24 hours after a person's message: an approved template, or nothing."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from tests.harness import ADVISER_PHONE, Harness
from tests.integration.runtime.test_turns import order
from tests.integration.runtime.windows import (
    ANOTHER_NUMBER,
    OWNER,
    alerts,
    late,
    name_template,
    outgoing,
    problem,
    shop,
    to_owner,
)
from wabot.domain.tenant import Isolation, Tenant
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import (
    Person,
    change,
    message,
    text,
    webhook,
)

__all__ = ["shop"]


class TestACustomer:
    async def test_a_message_opens_the_window_by_metas_clock(self, shop: Harness) -> None:
        body = late(shop, shop.customer, "hola", timedelta(hours=2))
        stamp = int(body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"])
        await shop.post(body)
        await shop.answer()
        rows = shop.shop(
            "SELECT extract(epoch FROM last_message_at)::bigint AS at, last_message_to"
            " FROM customers"
        )
        assert rows == [{"at": stamp, "last_message_to": shop.tenant.phone_number_id}]

    async def test_an_older_message_that_comes_later_does_not_move_it_back(
        self, one: Harness
    ) -> None:
        await one.say("hola")
        before = one.shop("SELECT last_message_at FROM customers")
        await one.post(late(one, one.customer, "menú", timedelta(hours=3)))
        await one.answer()
        await one.settled()
        assert one.shop("SELECT last_message_at FROM customers") == before

    async def test_a_message_that_arrives_25_hours_late_gets_no_free_form_answer(
        self, shop: Harness
    ) -> None:
        await shop.post(late(shop, shop.customer, "hola", timedelta(hours=25)))
        await shop.settled()
        assert shop.graph.messages == ()
        assert shop.graph.journal.refusals == ()
        rows = outgoing(shop, "customer")
        assert [(r["status"], r["error"]) for r in rows] == [
            ("failed", "window closed, no template")
        ]
        assert [(rule, is_open) for rule, _, is_open in alerts(shop)] == [("reply_unsent", True)]

    async def test_a_late_answer_goes_by_template_when_the_shop_has_one(
        self, shop: Harness
    ) -> None:
        name_template(shop, "reply", "respuesta", 1)
        await shop.post(late(shop, shop.customer, "hola", timedelta(hours=25)))
        sent = await shop.answer()
        await shop.settled()
        assert sent.template == "respuesta"
        assert "\n" not in sent.parameters[0]
        assert "Ana" in sent.parameters[0]
        rows = outgoing(shop, "customer")
        assert [(r["kind"], r["status"]) for r in rows] == [("template", "accepted")]
        assert alerts(shop) == []

    async def test_just_before_the_end_the_margin_decides(self, one: Harness) -> None:
        almost = timedelta(hours=23, minutes=59, seconds=30)
        await one.post(late(one, one.customer, "hola", almost))
        await one.settled()
        assert one.graph.messages == ()
        still = Person("5215550100009", "Beto")
        await one.post(late(one, still, "hola", timedelta(hours=23, minutes=50)))
        assert not (await one.answer(still)).template

    async def test_taking_a_message_back_opens_nothing(self, one: Harness) -> None:
        await one.post(late(one, one.customer, "hola", timedelta(hours=25)))
        await one.settled()
        fields = {"revoke": {"original_message_id": "wamid.X"}}
        await one.post(one.body(("revoke", fields)))
        await one.settled()
        age = one.shop("SELECT now() - last_message_at AS age FROM customers")[0]["age"]
        assert age > timedelta(hours=24)

    async def test_a_new_number_of_a_customer_has_no_window_yet(self, one: Harness) -> None:
        await one.say("hola")
        moved = message(
            one.customer,
            "system",
            {"system": {"type": "user_changed_number", "wa_id": "5215550100019", "body": "x"}},
            timestamp=int(one.clock.now().timestamp()),
        )
        await one.post(webhook([change(one.tenant.phone_number_id, messages=[moved])]))
        await one.settled()
        rows = one.shop("SELECT wa_id, last_message_to FROM customers")
        assert rows == [{"wa_id": "5215550100019", "last_message_to": ""}]

    async def test_a_row_that_waited_until_the_window_closed_is_judged_again(
        self, shop: Harness
    ) -> None:
        shop.graph.fail(Fault(code=131016, count=2))
        await shop.post(shop.body(text("hola")))
        while not shop.graph.journal.refusals:
            await asyncio.sleep(0.02)
        shop.clock.advance(hours=25)
        await shop.settled()
        assert shop.graph.messages == ()
        assert {code for code, _ in shop.graph.journal.refusals} == {131016}
        rows = outgoing(shop, "customer")
        assert [(r["status"], r["error"]) for r in rows] == [
            ("failed", "window closed, no template")
        ]

    async def test_a_row_that_waited_goes_by_template_when_there_is_one(self, one: Harness) -> None:
        name_template(one, "reply", "respuesta", 1)
        one.graph.fail(Fault(code=131016, count=2))
        await one.post(one.body(text("hola")))
        while not one.graph.journal.refusals:
            await asyncio.sleep(0.02)
        one.clock.advance(hours=25)
        assert (await one.answer()).template == "respuesta"
        await one.settled()
        assert [r["kind"] for r in outgoing(one, "customer")] == ["template"]


class TestTheOwner:
    async def test_who_never_wrote_gets_no_notice_and_the_operator_is_told(
        self, shop: Harness
    ) -> None:
        await order(shop)
        await shop.settled()
        assert to_owner(shop) == []
        assert shop.graph.journal.refusals == ()
        rows = outgoing(shop, "owner")
        assert [(r["status"], r["attempts"]) for r in rows] == [("failed", 0)]
        [(rule, told, is_open)] = alerts(shop)
        assert (rule, is_open) == ("notice_unsent", True)
        assert "P-101" in told
        assert "--set order_notice_template=NAME:LANGUAGE" in told
        assert problem(shop) == "owner: window closed, no template"

    async def test_their_own_message_to_the_shops_number_lets_notices_through_for_a_day(
        self, shop: Harness
    ) -> None:
        await shop.say("hola", sender=OWNER)
        await order(shop)
        await shop.settled()
        [notice] = to_owner(shop)
        assert "P-101" in notice.text
        assert problem(shop) == ""
        shop.clock.advance(hours=24)
        await order(shop)
        await shop.settled()
        assert len(to_owner(shop)) == 1
        assert [rule for rule, _, _ in alerts(shop)] == ["notice_unsent"]

    async def test_a_notice_goes_by_template_when_the_shop_has_one(self, shop: Harness) -> None:
        name_template(shop, "order_notice", "pedido_nuevo", 5)
        await order(shop)
        await shop.settled()
        [notice] = to_owner(shop)
        assert notice.template == "pedido_nuevo"
        code, customer, lines, total, delivery = notice.parameters
        assert code == "P-101"
        assert "Ana" in customer
        assert "Arroz" in lines
        assert total.startswith("$")
        assert delivery
        assert alerts(shop) == []
        assert problem(shop) == ""

    async def test_an_adviser_is_called_by_template_too(self, one: Harness) -> None:
        name_template(one, "handoff_notice", "atender_cliente", 2)
        await one.say("asesor")
        await one.settled()
        [notice] = [m for m in one.graph.messages if m.to == ADVISER_PHONE.lstrip("+")]
        assert notice.template == "atender_cliente"
        assert "Ana" in notice.parameters[0]

    async def test_an_adviser_out_of_reach_is_an_alert(self, one: Harness) -> None:
        await one.say("asesor")
        await one.settled()
        [(rule, told, _)] = alerts(one)
        assert rule == "notice_unsent"
        assert "adviser" in told
        assert "handoff_notice_template" in told

    async def test_an_alert_ends_when_they_write_to_the_shops_number(self, one: Harness) -> None:
        await order(one)
        await one.settled()
        assert [(rule, is_open) for rule, _, is_open in alerts(one)] == [("notice_unsent", True)]
        await one.say("hola", sender=OWNER)
        await one.settled()
        assert [(rule, is_open) for rule, _, is_open in alerts(one)] == [("notice_unsent", False)]

    async def test_an_owner_who_orders_at_their_own_shop_is_told_freely(self, one: Harness) -> None:
        one.customer = OWNER
        await order(one)
        await one.settled()
        assert len(to_owner(one)) == 1
        assert alerts(one) == []


class TestTwoShops:
    async def test_a_window_of_one_shop_never_counts_for_another(
        self,
        shop: Harness,
        make_tenant: Callable[..., Tenant],
    ) -> None:
        place = shop.tenant.placement
        kind = Isolation.DATABASE if place.database else Isolation.PREFIX
        kind = kind if place.database or place.prefix else Isolation.SCHEMA
        other = make_tenant("tiendita", number=ANOTHER_NUMBER, isolation=kind.value)
        await shop.say("hola", sender=OWNER)
        shop.tenant, first = other, shop.tenant
        await shop.runtime.worker._clients.refresh()
        await order(shop)
        await shop.settled()
        assert to_owner(shop) == []
        assert outgoing(shop, "owner")[0]["error"] == "window closed, no template"
        shop.tenant = first
        await order(shop)
        await shop.settled()
        assert len(to_owner(shop)) == 1

    async def test_a_window_of_the_shops_former_number_does_not_count(self, one: Harness) -> None:
        await one.say("hola", sender=OWNER)
        one.shop("UPDATE customers SET last_message_to = '106500000000777'")
        await order(one)
        await one.settled()
        assert to_owner(one) == []
        assert outgoing(one, "owner")[0]["error"] == "window closed, no template"
