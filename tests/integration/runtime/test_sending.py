"""What is sent, again, late, once more or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.harness import OWNER_PHONE, Harness, options_of, running
from tests.integration.runtime.test_persons import echo
from wabot.simulation.graph import Fault, StatusLevel
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.inbound_payloads import button_tap, text


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(
        environment, WABOT_RESEND_AFTER="1", WABOT_RESEND_AFTER_SILENT="1"
    ) as harness:
        harness.staff_wrote()
        yield harness


async def until(condition: Callable[[], Any], timeout: float = 15) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.03)


def outgoing(shop: Harness, columns: str = "status, error") -> list[dict[str, Any]]:
    return shop.shop(f"SELECT {columns} FROM messages WHERE direction = 'out' ORDER BY position")


def one(shop: Harness, column: str) -> Any:
    """Return what stands in the only message, None while there is none."""
    rows = outgoing(shop, column)
    assert len(rows) <= 1
    return rows[0][column] if rows else None


async def refused_for(shop: Harness, seconds: int, words: str = "hola") -> None:
    """Have an answer refused that is to be tried again so much later."""
    shop.graph.fail(Fault(code=131016, retry_after=seconds))
    await shop.post(shop.body(text(words)))
    await until(lambda: one(shop, "next_attempt_at"))


async def confirmed_while_refused(shop: Harness, fault: Fault) -> None:
    """Place an order whose confirmation meets the fault."""
    await shop.say("hola")
    await shop.say("arroz")
    answer = await shop.say("2")
    answer = await shop.tap(answer, "Terminar pedido")
    answer = await shop.tap(answer, "Recoger en tienda")
    await shop.settled()
    shop.graph.fail(fault)
    kind, option = options_of(answer.body)["Confirmar"]
    assert kind == "button"
    await shop.post(shop.body(button_tap(option, "Confirmar")))
    await until(lambda: shop.shop("SELECT 1 FROM messages WHERE essential AND error IS NOT NULL"))


class TestAPersonTookOver:
    async def test_an_answer_that_waits_is_not_sent(self, shop: Harness) -> None:
        await refused_for(shop, 2)
        await shop.post(shop.body(text("asesor")))
        await shop.settled()
        rows = outgoing(shop, "status, error, audience")
        assert (rows[0]["status"], rows[0]["error"]) == ("cancelled", "a person took over")
        assert [row["status"] for row in rows[1:]] == ["accepted"] * (len(rows) - 1)
        customers = [m for m in shop.graph.messages if m.to == shop.customer.wa_id]
        assert len(customers) == 1

    async def test_what_is_said_then_does_not_wait_for_what_was_cancelled(
        self, shop: Harness
    ) -> None:
        await refused_for(shop, 60)
        await shop.post(shop.body(text("asesor")))
        sent = await asyncio.wait_for(shop.answer(), 10)
        assert sent.text
        await shop.settled()

    async def test_it_is_looked_at_again_before_each_post(self, shop: Harness) -> None:
        """The pause may come by another way than this conversation."""
        await refused_for(shop, 2)
        shop.shop(
            "INSERT INTO pauses (customer_id, until, reason)"
            " SELECT id, now() + interval '1 hour', 'echo' FROM customers"
        )
        await until(lambda: one(shop, "status") != "sending")
        assert outgoing(shop) == [{"status": "cancelled", "error": "a person took over"}]
        await shop.settled()
        assert shop.graph.messages == ()

    async def test_what_was_said_after_they_took_over_goes(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131016, recipient=shop.customer.wa_id))
        answer = await shop.say("asesor")
        assert answer.text
        await shop.settled()
        assert {row["status"] for row in outgoing(shop)} == {"accepted"}

    async def test_the_confirmation_of_an_order_goes_all_the_same(self, shop: Harness) -> None:
        await confirmed_while_refused(shop, Fault(code=131016, retry_after=2))
        await shop.post(shop.body(text("asesor")))
        await shop.settled()
        code = shop.shop("SELECT order_code FROM orders")[0]["order_code"]
        customers = [m.text for m in shop.graph.messages if m.to == shop.customer.wa_id]
        assert sum(code in words for words in customers) == 1

    async def test_they_do_so_even_while_nothing_of_the_shop_passes(self, shop: Harness) -> None:
        """What Graph refused echoes nowhere: the echo is theirs."""
        shop.graph.fail(Fault(code=131042, count=0))
        await shop.post(shop.body(text("hola")))
        await until(lambda: shop.central("SELECT 1 FROM wabot.sending_pauses"))
        await until(lambda: one(shop, "next_attempt_at"))
        await shop.post(echo(shop, "wamid.HBgMtypedByAPerson"))
        await until(lambda: shop.shop("SELECT 1 FROM pauses"))
        assert outgoing(shop) == [{"status": "cancelled", "error": "a person took over"}]


class TestAfterAStop:
    async def stale(self, shop: Harness, *said: str) -> None:
        for words in said:
            await shop.post(shop.body(text(words)))
            made = said.index(words) + 1
            await until(lambda n=made: len(outgoing(shop, "1")) == n)
            shop.clock.advance(minutes=11)
        in_flight = "SELECT 1 FROM messages WHERE status = 'sending' AND next_attempt_at IS NULL"
        await until(lambda: not shop.shop(in_flight))

    async def test_stale_answers_collapse_into_the_newest(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131042, count=0))
        await self.stale(shop, "hola", "catálogo", "¿qué es esto?")
        shop.graph.heal()
        shop.central("UPDATE wabot.sending_pauses SET next_probe_at = now() RETURNING 1")
        await shop.settled()
        rows = outgoing(shop)
        gone = "a newer answer took its place after a stop of sending"
        assert rows[:2] == [{"status": "cancelled", "error": gone}] * 2
        assert rows[2]["status"] == "accepted"
        assert len(shop.graph.messages) == 1

    async def test_an_answer_of_now_takes_the_place_of_stale_ones(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131042, count=0))
        await self.stale(shop, "hola", "catálogo")
        shop.graph.heal()
        shop.central("UPDATE wabot.sending_pauses SET next_probe_at = now() RETURNING 1")
        await asyncio.sleep(0)
        await shop.post(shop.body(text("menú")))
        await shop.settled()
        assert [row["status"] for row in outgoing(shop)] in (
            ["cancelled", "cancelled", "accepted"],
            ["cancelled", "accepted", "accepted"],  # the server was faster than the customer
        )

    async def test_orders_are_told_to_customer_and_owner_however_late(self, shop: Harness) -> None:
        await confirmed_while_refused(shop, Fault(code=131042, count=0))
        for words in ("gracias", "menú"):
            shop.clock.advance(minutes=11)
            await shop.post(shop.body(text(words)))
            await asyncio.sleep(0.3)
        shop.clock.advance(minutes=11)
        before = len(shop.graph.messages)
        shop.graph.heal()
        shop.central("UPDATE wabot.sending_pauses SET next_probe_at = now() RETURNING 1")
        await shop.settled()
        code = shop.shop("SELECT order_code FROM orders")[0]["order_code"]
        sent: list[SentMessage] = list(shop.graph.messages[before:])
        to_customer = [m.text for m in sent if m.to == shop.customer.wa_id]
        assert code in to_customer[0]
        assert len(to_customer) == 2
        assert [code in m.text for m in sent if m.to == OWNER_PHONE.lstrip("+")] == [True]


class TestTries:
    async def test_while_it_is_handed_over_again_its_outcome_is_unknown(
        self, shop: Harness
    ) -> None:
        """Else a crash right then would have it sent a second time, and nobody would count it."""
        shop.graph.fail(Fault(code=131016))
        shop.graph.fail(Fault(delay=1.0))
        await shop.post(shop.body(text("hola")))
        await until(lambda: shop.graph.messages)
        rows = outgoing(shop, "status, attempts, next_attempt_at, claim_until > now() AS claimed")
        assert rows == [
            {"status": "sending", "attempts": 1, "next_attempt_at": None, "claimed": True}
        ]
        await shop.settled()
        assert outgoing(shop, "status, resends") == [{"status": "accepted", "resends": 0}]

    async def test_a_second_send_is_counted(self, shop: Harness) -> None:
        shop.graph.fail(Fault(drop_after_accept=True))
        await shop.post(shop.body(text("hola")))
        await until(lambda: len(shop.graph.messages) == 2, timeout=30)
        await shop.settled()
        assert outgoing(shop, "status, resends") == [{"status": "accepted", "resends": 1}]

    @pytest.mark.parametrize(
        ("fault", "twice"), [(Fault(drop_after_accept=True), True), (Fault(timeout=0.1), False)]
    )
    async def test_what_arrived_twice_is_told_from_what_was_only_sent_again(
        self,
        environment: dict[str, str],
        caplog: pytest.LogCaptureFixture,
        fault: Fault,
        *,
        twice: bool,
    ) -> None:
        again = {"WABOT_RESEND_AFTER": "1", "WABOT_RESEND_AFTER_SILENT": "1"}
        async with running(environment, statuses=StatusLevel.READ, **again) as shop:
            shop.graph.statuses.hold()
            shop.graph.fail(fault)
            await shop.post(shop.body(text("hola")))
            await until(lambda: one(shop, "status") == "accepted", timeout=30)
            assert len(shop.graph.messages) == 1 + twice
            shop.graph.statuses.release()
            await until(lambda: one(shop, "status") == "read")
            if twice:
                await until(lambda: one(shop, "error") == "sent twice")
            await shop.settled()
            assert one(shop, "resends") == 1
            assert (one(shop, "error") == "sent twice") is twice
        told = [r for r in caplog.records if getattr(r, "action", "") == "send.doubled"]
        assert len(told) == twice

    async def test_a_number_is_spelt_the_other_way_also_after_other_refusals(
        self, shop: Harness
    ) -> None:
        shop.graph.fail(Fault(code=131016))
        shop.graph.fail(Fault(code=131030))
        await shop.post(shop.body(text("hola")))
        sent = await shop.graph.next_message(15)
        assert sent.to == "525550100001"
        await shop.settled()

    async def test_a_number_is_spelt_the_other_way_once(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131030, count=0))
        await shop.post(shop.body(text("hola")))
        await shop.settled()
        assert outgoing(shop, "status, error_code, attempts") == [
            {"status": "failed", "error_code": 131030, "attempts": 2}
        ]

    async def test_what_comes_behind_a_respelt_number_keeps_its_place(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131030))
        shop.graph.fail(Fault(code=131016, retry_after=2))
        await shop.post(shop.body(text("hola")))
        await until(lambda: one(shop, "attempts") == 2)
        await shop.post(shop.body(text("catálogo")))
        await shop.settled()
        sent = [m.wamid for m in shop.graph.messages]
        assert [row["wamid"] for row in outgoing(shop, "wamid")] == sent
        assert len(sent) == 2

    @pytest.mark.parametrize("code", [2, 130429, 131016, 131057, 2494100])
    async def test_metas_own_pause_is_kept(self, shop: Harness, code: int) -> None:
        shop.graph.fail(Fault(code=code, retry_after=60))
        await shop.post(shop.body(text("hola")))
        await until(lambda: one(shop, "next_attempt_at"))
        row = outgoing(shop, "extract(epoch FROM next_attempt_at - now()) AS left")[0]
        assert 50 < row["left"] <= 60

    async def test_an_error_of_unknown_kind_is_tried_a_few_times(self, shop: Harness) -> None:
        shop.graph.fail(Fault(code=131000, count=0))
        await shop.post(shop.body(text("hola")))
        await shop.settled()
        assert outgoing(shop, "status, attempts") == [{"status": "failed", "attempts": 3}]
