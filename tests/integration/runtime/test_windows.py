"""Outside the 24 hours after a person's message: an approved template, or nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from tests.harness import ADVISER_PHONE, OWNER_PHONE, Harness, options_of, running
from tests.integration.runtime.test_turns import order, until_confirmation
from wabot.domain.tenant import Isolation, Tenant
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.graph.templates import Template
from wabot.simulation.inbound_payloads import (
    Person,
    button_tap,
    change,
    message,
    status,
    text,
    webhook,
)

OWNER = Person("5215550190001", "Doña Lupita")
ANOTHER_NUMBER = "106500000000002"


@pytest.fixture(params=list(Isolation))
async def shop(
    request: pytest.FixtureRequest, environment: dict[str, str]
) -> AsyncIterator[Harness]:
    """A shop in each kind of place, whose Graph refuses what Meta would."""
    async with running(environment, isolation=request.param) as harness:
        yield harness


@pytest.fixture
async def one(environment: dict[str, str]) -> AsyncIterator[Harness]:
    """A shop in its own schema."""
    async with running(environment) as harness:
        yield harness


def name_template(shop: Harness, purpose: str, name: str, parameters: int) -> None:
    """Let the shop have an approved template, and know it by its settings."""
    set_(shop, f"{purpose}_template", f"{name}:es_MX")
    shop.graph.put_template(Template(name, "es_MX", parameters))


def set_(shop: Harness, key: str, value: str) -> None:
    shop.shop(
        "INSERT INTO settings (key, value) VALUES (%s, %s)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, Jsonb(value)],
    )
    shop.shop("UPDATE shop_state SET version = version + 1")


def to_owner(shop: Harness) -> list[SentMessage]:
    return [m for m in shop.graph.messages if m.to == OWNER_PHONE.lstrip("+")]


def alerts(shop: Harness) -> list[tuple[str, str, bool]]:
    found = shop.central("SELECT rule, message, resolved_at FROM wabot.alerts ORDER BY id")
    return [(row["rule"], row["message"], row["resolved_at"] is None) for row in found]


def outgoing(shop: Harness, audience: str) -> list[dict]:
    return shop.shop(
        "SELECT kind, status, error_code, error, attempts FROM messages"
        " WHERE direction = 'out' AND audience = %s ORDER BY position",
        [audience],
    )


def late(shop: Harness, person: Person, words: str, age: timedelta) -> dict:
    stamp = int((shop.clock.now() - age).timestamp())
    return shop.body(text(words), sender=person, timestamp=stamp)


def problem(shop: Harness) -> str:
    return shop.shop("SELECT delivery_problem FROM orders")[0]["delivery_problem"]


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
