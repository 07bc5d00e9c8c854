"""What Graph refuses for good or for its window: a template, an alert, a word on the order."""

import pytest

from tests.harness import OWNER_PHONE, Harness, options_of, running
from tests.integration.runtime.test_turns import order, until_confirmation
from tests.integration.runtime.windows import (
    OWNER,
    alerts,
    name_template,
    outgoing,
    problem,
    set_,
    shop,
    to_owner,
)
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.templates import Template
from wabot.simulation.inbound_payloads import (
    Person,
    button_tap,
    change,
    status,
    text,
    webhook,
)

__all__ = ["shop"]


class TestARefusalFor24Hours:
    async def test_metas_131047_is_answered_once_by_template(self, shop: Harness) -> None:
        name_template(shop, "reply", "respuesta", 1)
        shop.graph.fail(Fault(code=131047))
        await shop.post(shop.body(text("hola")))
        assert (await shop.answer()).template == "respuesta"
        await shop.settled()
        assert [code for code, _ in shop.graph.journal.refusals] == [131047]
        assert [(r["kind"], r["status"]) for r in outgoing(shop, "customer")] == [
            ("template", "accepted")
        ]

    async def test_without_a_template_it_ends_there(self, one: Harness) -> None:
        one.graph.fail(Fault(code=131047, count=0))
        await one.post(one.body(text("hola")))
        await one.settled()
        assert [code for code, _ in one.graph.journal.refusals] == [131047]
        rows = outgoing(one, "customer")
        assert [(r["status"], r["error_code"], r["error"]) for r in rows] == [
            ("failed", 131047, "window closed, no template")
        ]
        assert [rule for rule, _, _ in alerts(one)] == ["reply_unsent"]

    async def test_a_template_refused_with_131047_is_not_tried_for_ever(self, one: Harness) -> None:
        name_template(one, "reply", "respuesta", 1)
        one.graph.fail(Fault(code=131047, count=0))
        await one.post(one.body(text("hola")))
        await one.settled()
        assert [code for code, _ in one.graph.journal.refusals] == [131047, 131047]
        assert [r["status"] for r in outgoing(one, "customer")] == ["failed"]

    async def test_a_status_with_131047_repeats_the_notice_by_template(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment, statuses=StatusLevel.DELIVERED) as shop:
            name_template(shop, "order_notice", "pedido_nuevo", 5)
            shop.staff_wrote()
            owner = OWNER_PHONE.lstrip("+")
            shop.graph.fail(Fault(fail_status=131047, recipient=owner))
            await order(shop)
            notice = await shop.graph.journal.wait(matching=lambda m: m.template != "")
            await shop.graph.statuses.settled()
            await shop.settled()
            assert (notice.to, notice.parameters[0]) == (owner, "P-101")
            assert [m.template for m in to_owner(shop)] == ["", "pedido_nuevo"]
            rows = outgoing(shop, "owner")
            assert [(r["kind"], r["status"]) for r in rows] == [
                ("text", "failed"),
                ("template", "delivered"),
            ]
            assert alerts(shop) == []
            assert problem(shop) == ""

    async def test_a_repetition_that_must_wait_goes_once_and_does_not_get_lost(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment, statuses=StatusLevel.DELIVERED) as shop:
            name_template(shop, "order_notice", "pedido_nuevo", 5)
            shop.staff_wrote()
            owner = OWNER_PHONE.lstrip("+")
            shop.graph.fail(Fault(fail_status=131047, recipient=owner))
            shop.graph.fail(Fault(code=131016, recipient=owner, count=2))
            await order(shop)
            await shop.graph.journal.wait(matching=lambda m: m.template != "")
            await shop.graph.statuses.settled()
            await shop.settled()
            assert [m.template for m in to_owner(shop)] == ["", "pedido_nuevo"]
            assert [r["status"] for r in outgoing(shop, "owner")] == ["failed", "delivered"]
            assert problem(shop) == ""

    async def test_the_same_status_again_repeats_nothing(self, one: Harness) -> None:
        name_template(one, "reply", "respuesta", 1)
        sent = await one.say("hola")
        for second in range(2):
            failed = status(
                sent.wamid,
                "failed",
                recipient=Person(one.customer.wa_id, user_id="MX.7" * (second + 1)),
                timestamp=int(one.clock.now().timestamp()),
                callback_data=sent.callback_data,
                error={"code": 131047, "title": "Re-engagement message"},
            )
            await one.post(webhook([change(one.tenant.phone_number_id, statuses=[failed])]))
            await one.settled()
        assert [m.template for m in one.graph.messages] == ["", "respuesta"]


class TestARefusedTemplate:
    @pytest.mark.parametrize(
        ("template", "code", "remedy"),
        [
            (Template("otra", "es_MX", 5), 132001, "approved"),
            (Template("pedido_nuevo", "es_MX", 5, status="PAUSED"), 132015, "quality"),
            (Template("pedido_nuevo", "es_MX", 3), 132000, "parameters"),
        ],
    )
    async def test_it_fails_with_its_code_and_one_alert_names_template_and_remedy(
        self, one: Harness, template: Template, code: int, remedy: str
    ) -> None:
        set_(one, "order_notice_template", "pedido_nuevo:es_MX")
        one.graph.put_template(template)
        await order(one)
        await order(one)
        await one.settled()
        assert to_owner(one) == []
        rows = outgoing(one, "owner")
        assert {(r["kind"], r["status"], r["error_code"]) for r in rows} == {
            ("template", "failed", code)
        }
        found = one.central(
            "SELECT message, occurrences FROM wabot.alerts WHERE rule = 'template_refused'"
        )
        assert [row["occurrences"] for row in found] == [2]
        assert "pedido_nuevo:es_MX" in found[0]["message"]
        assert remedy in found[0]["message"]
        assert [rule for rule, _, _ in alerts(one)].count("order_unnoticed") == 2


class TestAnOrderThatSomebodyWasNotToldOf:
    async def test_a_refusal_for_good_stands_on_the_order(self, shop: Harness) -> None:
        shop.staff_wrote()
        shop.graph.fail(Fault(code=131026, recipient=OWNER_PHONE.lstrip("+")))
        await order(shop)
        await shop.settled()
        assert problem(shop).startswith("owner: 131026")
        [(rule, told, is_open)] = alerts(shop)
        assert (rule, is_open) == ("order_unnoticed", True)
        assert "P-101" in told

    async def test_a_failed_status_stands_on_the_order_until_a_delivery_clears_it(
        self, shop: Harness
    ) -> None:
        shop.staff_wrote()
        await order(shop)
        await shop.settled()
        [notice] = to_owner(shop)
        assert problem(shop) == ""

        async def tell(word: str, error: dict | None = None) -> None:
            told = status(
                notice.wamid,
                word,
                recipient=OWNER,
                timestamp=int(shop.clock.now().timestamp()),
                callback_data=notice.callback_data,
                error=error,
            )
            await shop.post(webhook([change(shop.tenant.phone_number_id, statuses=[told])]))
            await shop.settled()

        await tell("failed", {"code": 131026, "title": "Message undeliverable"})
        assert problem(shop) == "owner: 131026 Message undeliverable"
        assert [(rule, is_open) for rule, _, is_open in alerts(shop)] == [("order_unnoticed", True)]
        await tell("delivered")
        assert problem(shop) == ""
        assert [(rule, is_open) for rule, _, is_open in alerts(shop)] == [
            ("order_unnoticed", False)
        ]

    async def test_the_customers_confirmation_counts_as_well(self, one: Harness) -> None:
        one.staff_wrote()
        question = await until_confirmation(one)
        one.graph.fail(Fault(code=131026, recipient=one.customer.wa_id))
        _, yes = options_of(question.body)["Confirmar"]
        await one.post(one.body(button_tap(yes, "Confirmar")))
        await one.settled()
        assert problem(one).startswith("customer: 131026")
        assert alerts(one) == []
        assert len(to_owner(one)) == 1

    async def test_messages_of_an_order_carry_it_and_others_do_not(self, one: Harness) -> None:
        one.staff_wrote()
        await order(one)
        await one.settled()
        rows = one.shop(
            "SELECT audience, purpose FROM messages WHERE order_id = (SELECT id FROM orders)"
            " ORDER BY position"
        )
        assert [(r["audience"], r["purpose"]) for r in rows] == [
            ("customer", "order_update"),
            ("owner", "order_notice"),
        ]
        others = one.shop(
            "SELECT DISTINCT purpose FROM messages WHERE direction = 'out' AND order_id IS NULL"
        )
        assert [r["purpose"] for r in others] == ["reply"]
