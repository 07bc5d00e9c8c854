"""From messages to orders and replies: once, in order, whatever happens on the way."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.harness import OWNER_PHONE, Harness, options_of, running
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.inbound_payloads import (
    Person,
    button_tap,
    change,
    from_customer,
    message,
    row_tap,
    status,
    text,
    webhook,
)

BETO = Person("5215550100002", "Beto")
USERNAME = Person(name="Caro", user_id="MX.70010000000000000777", username="@caro")


async def until_confirmation(
    shop: Harness, product: str = "arroz", quantity: str = "2"
) -> SentMessage:
    await shop.say("hola")
    await shop.say(product)
    answer = await shop.say(quantity)
    answer = await shop.tap(answer, "Terminar pedido")
    return await shop.tap(answer, "Recoger en tienda")


async def order(shop: Harness) -> SentMessage:
    return await shop.tap(await until_confirmation(shop), "Confirmar")


def confirmation(shop: Harness, question: SentMessage) -> tuple[str, dict]:
    return button_tap(options_of(question.body)["Confirmar"][1], "Confirmar")


class TestAnOrder:
    async def test_it_is_written_with_items_history_and_reduced_stock(self, shop: Harness) -> None:
        before = shop.shop("SELECT id, stock, price, step FROM products WHERE name ILIKE '%arroz%'")
        confirmed = await order(shop)
        await shop.settled()
        placed = shop.shop("SELECT * FROM orders")[0]
        assert placed["order_code"] in confirmed.text
        assert placed["status"] == "pendiente"
        items = shop.shop("SELECT * FROM order_items")
        assert [item["order_id"] for item in items] == [placed["id"]]
        product = next(row for row in before if row["id"] == items[0]["product_id"])
        after = shop.shop("SELECT stock FROM products WHERE id = %s", [product["id"]])
        assert after[0]["stock"] == product["stock"] - items[0]["quantity"]
        expected = product["price"] * product["step"] * items[0]["quantity"]
        assert placed["total"] == items[0]["total"] == expected.quantize(Decimal("0.01"))
        history = shop.shop("SELECT status, changed_by FROM order_history")
        assert history == [{"status": "pendiente", "changed_by": "customer"}]

    async def test_the_owner_gets_the_whole_order(self, shop: Harness) -> None:
        shop.staff_wrote()
        confirmed = await order(shop)
        await shop.settled()
        told = [m for m in shop.graph.messages if m.to == OWNER_PHONE.lstrip("+")]
        assert len(told) == 1
        assert "Ana" in told[0].text
        assert shop.shop("SELECT order_code FROM orders")[0]["order_code"] in told[0].text
        assert confirmed.to == shop.customer.wa_id

    async def test_the_same_payload_twenty_times_at_once_gives_one_order_and_one_reply(
        self, shop: Harness
    ) -> None:
        question = await until_confirmation(shop)
        body = shop.body(confirmation(shop, question))
        await shop.settled()
        before = len(shop.graph.messages)
        results = await asyncio.gather(*(shop.post(body) for _ in range(20)))
        assert {code for code, _ in results} == {200}
        await shop.settled()
        await asyncio.sleep(0.3)
        assert len(shop.shop("SELECT 1 FROM orders")) == 1
        answers = [m for m in shop.graph.messages[before:] if m.to == shop.customer.wa_id]
        assert len(answers) == 1

    async def test_a_message_delivered_again_after_the_journal_forgot_it_changes_nothing(
        self, shop: Harness
    ) -> None:
        question = await until_confirmation(shop)
        body = shop.body(confirmation(shop, question))
        await shop.post(body)
        await shop.answer()
        await shop.settled()
        await shop.runtime.worker._journal.purge(timedelta(0))
        sent = len(shop.graph.messages)
        assert (await shop.post(body))[0] == 200
        await shop.settled()
        await asyncio.sleep(0.2)
        assert len(shop.shop("SELECT 1 FROM orders")) == 1
        assert len(shop.graph.messages) == sent

    async def test_of_two_customers_confirming_the_last_unit_one_wins(self, shop: Harness) -> None:
        shop.shop("UPDATE products SET stock = 2 WHERE name ILIKE '%arroz%'")
        shop.shop("UPDATE shop_state SET version = version + 1")
        questions = {}
        for person in (shop.customer, BETO):
            shop.customer = person
            questions[person] = await until_confirmation(shop)
        await asyncio.gather(
            *(
                shop.post(shop.body(confirmation(shop, question), sender=person))
                for person, question in questions.items()
            )
        )
        await shop.settled()
        assert len(shop.shop("SELECT 1 FROM orders")) == 1
        assert shop.shop("SELECT stock FROM products WHERE name ILIKE '%arroz%'") == [{"stock": 0}]
        for person in questions:
            assert shop.graph.messages[-1].text
            assert any(m.to == person.wa_id for m in shop.graph.messages)

    async def test_a_customer_without_a_phone_can_order(self, shop: Harness) -> None:
        shop.customer = USERNAME
        confirmed = await order(shop)
        assert confirmed.user_id == USERNAME.user_id
        rows = shop.shop("SELECT wa_id, user_id, name FROM customers")
        assert rows == [{"wa_id": None, "user_id": USERNAME.user_id, "name": "Caro"}]


class TestACustomer:
    async def test_a_new_number_is_registered(self, shop: Harness) -> None:
        await shop.say("hola")
        rows = shop.shop("SELECT wa_id, name, phone_number, first_contact_at FROM customers")
        assert len(rows) == 1
        assert (rows[0]["wa_id"], rows[0]["name"]) == ("5215550100001", "Ana")
        assert rows[0]["phone_number"] == "+5215550100001"
        assert rows[0]["first_contact_at"] is not None

    async def test_known_by_number_then_also_by_user_id_stays_one(self, shop: Harness) -> None:
        await shop.say("hola")
        both = Person("5215550100001", "Ana", "MX.70010000000000000001")
        await shop.say("hola", sender=both)
        only_id = Person(name="Ana", user_id="MX.70010000000000000001")
        await shop.say("hola", sender=only_id)
        rows = shop.shop("SELECT wa_id, user_id FROM customers")
        assert rows == [{"wa_id": "5215550100001", "user_id": "MX.70010000000000000001"}]

    async def test_two_rows_that_turn_out_to_be_one_person_are_joined(self, shop: Harness) -> None:
        await shop.say("hola")
        shop.customer = Person(name="Ana", user_id="MX.70010000000000000001")
        await order(shop)
        both = Person("5215550100001", "Ana", "MX.70010000000000000001")
        shop.customer = both
        await shop.say("hola")
        rows = shop.shop(
            "SELECT c.wa_id, c.user_id FROM orders o JOIN customers c ON c.id = o.customer_id"
        )
        assert rows == [{"wa_id": "5215550100001", "user_id": "MX.70010000000000000001"}]

    async def test_a_new_number_of_a_known_customer_keeps_the_history(self, shop: Harness) -> None:
        await order(shop)
        stamp = int(shop.clock.now().timestamp())
        moved = message(
            shop.customer,
            "system",
            {"system": {"type": "user_changed_number", "wa_id": "5215550100009", "body": "x"}},
            timestamp=stamp,
        )
        await shop.post(webhook([change(shop.tenant.phone_number_id, messages=[moved])]))
        await shop.settled()
        shop.customer = Person("5215550100009", "Ana")
        await shop.say("hola")
        assert shop.shop("SELECT wa_id, phone_number FROM customers") == [
            {"wa_id": "5215550100009", "phone_number": "+5215550100009"}
        ]


class TestFragments:
    async def test_five_fragments_get_one_answer(self, environment: dict[str, str]) -> None:
        async with running(environment, WABOT_QUIET_WINDOW="0.4") as shop:
            for words in ("hola", "buenas", "tardes", "una", "pregunta"):
                await shop.post(shop.body(text(words)))
            await shop.answer()
            await shop.settled()
            assert len(shop.graph.messages) == 1
            assert len(shop.shop("SELECT 1 FROM messages WHERE direction = 'in'")) == 5


class TestSending:
    async def test_statuses_only_move_a_message_up(self, shop: Harness) -> None:
        sent = await shop.say("hola")
        await shop.graph.statuses.settled()
        await shop.settled()
        late = status(
            sent.wamid,
            "delivered",
            recipient=shop.customer,
            timestamp=int(shop.clock.now().timestamp()) + 5,
        )
        await shop.post(webhook([change(shop.tenant.phone_number_id, statuses=[late])]))
        await shop.settled()
        rows = shop.shop("SELECT status FROM messages WHERE direction = 'out'")
        assert rows == [{"status": "read"}]

    async def test_a_status_that_comes_before_graphs_answer_is_matched(self, shop: Harness) -> None:
        shop.graph.fail(Fault(delay=1.0))
        await shop.say("hola")
        await shop.settled()
        rows = shop.shop("SELECT status, wamid, resends FROM messages WHERE direction = 'out'")
        assert [(row["status"], row["resends"]) for row in rows] == [("read", 0)]
        assert rows[0]["wamid"] == shop.graph.messages[0].wamid

    @pytest.mark.parametrize("fault", [{"code": 131016}, {"code": 130429}, {"http": 503}])
    async def test_a_passing_refusal_is_tried_again(self, shop: Harness, fault: dict) -> None:
        shop.graph.fail(Fault(**fault))
        await shop.say("hola")
        await shop.settled()
        rows = shop.shop("SELECT status, attempts FROM messages WHERE direction = 'out'")
        assert rows[0]["attempts"] == 1
        assert len(shop.graph.messages) == 1

    async def test_the_next_message_goes_only_after_the_previous(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131016, recipient=shop.customer.wa_id))
        await shop.post(shop.body(text("hola")))
        await asyncio.sleep(0.3)
        await shop.post(shop.body(text("catálogo")))
        await shop.answer()
        await shop.answer()
        await shop.settled()
        positions = shop.shop(
            "SELECT wamid FROM messages WHERE direction = 'out' ORDER BY position"
        )
        assert [row["wamid"] for row in positions] == [m.wamid for m in shop.graph.messages]

    async def test_a_refusal_for_good_fails_the_message_and_ends_the_event(
        self, shop: Harness
    ) -> None:
        shop.graph.fail(Fault(code=131026, recipient=shop.customer.wa_id))
        await shop.post(shop.body(text("hola")))
        await shop.settled()
        rows = shop.shop("SELECT status, error_code FROM messages WHERE direction = 'out'")
        assert rows == [{"status": "failed", "error_code": 131026}]

    async def test_an_argentine_or_mexican_number_is_spelt_the_other_way_once(
        self, shop: Harness
    ) -> None:
        shop.graph.fail(Fault(code=131030, recipient=shop.customer.wa_id))
        await shop.post(shop.body(text("hola")))
        sent = await shop.graph.next_message(15)
        assert sent.to == "525550100001"

    async def test_a_dead_token_keeps_the_message_and_tells_the_operator(
        self, shop: Harness
    ) -> None:
        shop.graph.fail(Fault(code=190))
        await shop.post(shop.body(text("hola")))
        await asyncio.sleep(0.5)
        rows = shop.shop("SELECT status, error_code FROM messages WHERE direction = 'out'")
        assert rows == [{"status": "sending", "error_code": 190}]
        alerts = shop.central("SELECT rule, client_id FROM wabot.alerts")
        assert alerts == [{"rule": "sending_paused", "client_id": shop.tenant.id}]

    async def test_the_token_never_stands_in_the_database_in_clear(self, shop: Harness) -> None:
        await shop.say("hola")
        rows = shop.central("SELECT whatsapp_token FROM wabot.clients")
        assert rows[0]["whatsapp_token"].startswith("v1.")


class TestFairness:
    async def test_a_customer_who_writes_without_pause_does_not_keep_others_waiting(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment, WABOT_TURNS_PER_TENANT="1") as shop:

            def again(sent: SentMessage) -> None:
                if sent.to == shop.customer.wa_id:
                    writing.add(asyncio.ensure_future(shop.post(shop.body(text("hola")))))

            writing: set[asyncio.Future] = set()
            shop.graph.journal.listen(again)
            for _ in range(3):
                await shop.post(shop.body(text("hola")))
            await shop.post(shop.body(text("hola"), sender=BETO))
            await asyncio.wait_for(shop.answer(BETO), 5)
            shop.customer = BETO
            await asyncio.gather(*writing)


class TestFaults:
    async def test_an_event_that_makes_the_code_raise_is_set_aside_and_others_go_on(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment, WABOT_EVENT_TRIES="2") as shop:
            await shop.say("hola")
            await shop.settled()
            # A session whose customer cannot be written: the turn raises.
            shop.shop(
                "ALTER TABLE customer_sessions ADD CONSTRAINT broken CHECK (last_step = '')"
                " NOT VALID"
            )
            await shop.post(shop.body(text("catálogo")))
            async with asyncio.timeout(20):
                while not shop.central("SELECT 1 FROM wabot.inbox WHERE state = 'failed'"):
                    await asyncio.sleep(0.1)
            (failed,) = shop.central(
                "SELECT last_error, attempts FROM wabot.inbox WHERE state = 'failed'"
            )
            assert "CheckViolation" in failed["last_error"]
            assert failed["attempts"] == 2
            rules = shop.central("SELECT rule FROM wabot.alerts")
            assert {"rule": "event_set_aside"} in rules
            shop.shop("ALTER TABLE customer_sessions DROP CONSTRAINT broken")
            await shop.say("hola")

    async def test_a_row_tapped_in_an_old_list_is_answered(self, shop: Harness) -> None:
        answer = await shop.give(row_tap("v0:gone", "Algo de antes"))
        assert answer.text

    async def test_no_token_key_or_body_stands_in_the_journal_of_another_shop(
        self, shop: Harness
    ) -> None:
        body = from_customer(
            "106500000000099", BETO, text("secreto"), timestamp=int(shop.clock.now().timestamp())
        )
        await shop.post(body)
        assert shop.shop("SELECT 1 FROM messages") == []
