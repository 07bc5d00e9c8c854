"""Every line about a message names its request, its shop and the message, whoever writes it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.harness import Harness, running
from tests.integration.runtime.test_counting import use_up
from tests.integration.runtime.test_turns import order
from tests.logging_state import logging_as_it_was
from wabot import logs
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import Person, media, text

REQUIRED = ("request_id", "tenant", "message_id")


class Log:
    """What the server logged, by line."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        found = map(json.loads, self.text.splitlines())
        return [line for line in found if line["logger"].startswith("wabot.")]

    def of(self, action: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["action"] == action]


@pytest.fixture
def log() -> Iterator[Log]:
    stream = io.StringIO()
    with logging_as_it_was():
        logs.configure("debug", "json", stream)
        yield Log(stream)


@pytest.fixture
async def shop(environment: dict[str, str], log: Log) -> AsyncIterator[Harness]:
    async with running(environment, statuses=StatusLevel.READ) as harness:
        yield harness


def complete(lines: list[dict[str, Any]]) -> None:
    assert lines
    for line in lines:
        assert all(line.get(name) for name in REQUIRED), line


async def test_an_order_from_its_first_word_to_the_last_status(shop: Harness, log: Log) -> None:
    shop.staff_wrote()
    await order(shop)
    async with asyncio.timeout(15):
        while sum(x["events"] for x in log.of("turn.done")) < len(log.of("webhook.accepted")):
            await asyncio.sleep(0.05)
    await shop.settled()
    complete(log.lines)
    assert {line["tenant"] for line in log.lines} == {"bodega"}
    assert {"webhook.accepted", "turn.done", "send.accepted"} <= {x["action"] for x in log.lines}
    stored = {
        (logs.mask(row["dedup_key"]), row["request_id"])
        for row in shop.central("SELECT dedup_key, request_id FROM wabot.inbox")
    }
    for line in log.lines:
        assert (line["message_id"], line["request_id"]) in stored, line
    # Messages of one person in one webhook each: no line bears another's request.
    sent = [line["request_id"] for line in log.of("send.accepted")]
    # The last goes to the owner as well.
    assert len(set(sent)) == len(sent) - 1


async def test_many_at_once_keep_their_own_names(shop: Harness, log: Log) -> None:
    people = [f"52155501{number:05}" for number in range(12)]
    bodies = [shop.body(text("hola"), sender=Person(wa_id, "N")) for wa_id in people]
    await asyncio.gather(*(shop.post(body) for body in bodies))
    async with asyncio.timeout(20):
        while len(shop.graph.messages) < len(people):
            await asyncio.sleep(0.05)
    await shop.settled()
    requests = {
        logs.mask(row["dedup_key"]): row["request_id"]
        for row in shop.central("SELECT dedup_key, request_id FROM wabot.inbox")
    }
    complete(log.lines)
    for line in log.lines:
        assert requests[line["message_id"]] == line["request_id"], line


async def test_joined_fragments_are_all_named(environment: dict[str, str], log: Log) -> None:
    async with running(environment, WABOT_QUIET_WINDOW="1") as shop:
        for words in ("hola", "quiero", "jitomate"):
            await shop.post(shop.body(text(words)))
        await shop.answer()
        await shop.settled()
    (done,) = log.of("turn.done")
    assert [done["message_id"], *done["with"]] == [
        line["message_id"] for line in log.of("webhook.accepted")
    ]


async def test_what_goes_wrong_is_named_as_well(shop: Harness, log: Log) -> None:
    shop.graph.fail(Fault(code=131016, recipient=shop.customer.wa_id))
    shop.graph.fail(Fault(drop_after_accept=True, recipient=shop.customer.wa_id))
    await shop.say("hola")
    await shop.settled(30)
    shop.shop("ALTER TABLE customer_sessions RENAME TO away")
    await shop.post(shop.body(text("catálogo")))
    async with asyncio.timeout(20):
        while not log.of("turn.failed"):
            await asyncio.sleep(0.05)
    shop.shop("ALTER TABLE away RENAME TO customer_sessions")
    await shop.settled(30)
    complete(log.lines)
    assert {"send.refused", "send.unknown", "turn.failed"} <= {x["action"] for x in log.lines}


async def test_a_lease_that_is_lost_names_what_it_was_for(
    environment: dict[str, str], log: Log
) -> None:
    async with running(environment, WABOT_LEASE="1") as shop:
        shop.graph.fail(Fault(delay=8, recipient=shop.customer.wa_id))
        await shop.post(shop.body(text("hola")))
        async with asyncio.timeout(15):
            while not log.of("lease.lost"):
                shop.central_do("UPDATE wabot.conversations SET owner = 'another'")
                await asyncio.sleep(0.1)
    complete(log.of("lease.lost"))


async def test_a_file_and_what_follows_from_it_go_on_with_its_request(
    shop: Harness, log: Log
) -> None:
    media_id = shop.graph.add_media(b"x" * 100, "application/x-msdownload")
    await shop.post(shop.body(media("document", media_id, "application/pdf")))
    async with asyncio.timeout(20):
        while not any(line["action"].startswith("media.") for line in log.lines):
            await asyncio.sleep(0.05)
    await shop.settled()
    complete(log.lines)
    assert len({line["request_id"] for line in log.lines if "media" in line["action"]}) == 1


async def test_a_timer_goes_on_with_the_request_that_set_it(shop: Harness, log: Log) -> None:
    await shop.say("quiero hablar con una persona")
    await shop.settled()
    (request,) = {line["request_id"] for line in log.of("webhook.accepted")[:1]}
    shop.clock.advance(days=2)
    async with asyncio.timeout(20):
        while not shop.central("SELECT 1 FROM wabot.inbox WHERE kind = 'timer' AND state = 'done'"):
            await asyncio.sleep(0.05)
    timers = [line for line in log.lines if line["message_id"].startswith("timer:")]
    complete(timers)
    assert {line["request_id"] for line in timers} == {request}


async def test_the_shops_own_turn_about_its_plan_is_named_apart_from_the_customers(
    environment: dict[str, str], log: Log
) -> None:
    async with running(environment, WABOT_QUIET_WINDOW="1") as shop:
        use_up(shop, 799)
        for words in ("hola", "quiero", "jitomate"):
            await shop.post(shop.body(text(words)))
        await shop.answer()
        await shop.settled()
    complete(log.lines)
    of_shop = [line for line in log.lines if line["message_id"].startswith("quota:")]
    assert {line["contact"] for line in of_shop} == {"shop"}
    (request,) = {line["request_id"] for line in of_shop}
    assert request not in {line["request_id"] for line in log.of("webhook.accepted")}
    assert not any("with" in line for line in of_shop)


async def test_another_process_names_what_it_takes_over(
    environment: dict[str, str], log: Log
) -> None:
    patient = {"WABOT_QUIET_WINDOW": "30", "WABOT_QUIET_WINDOW_MAX": "60"}
    async with running({**environment, **patient}) as first:
        await first.post(first.body(text("hola")))
        tenant = first.tenant
    async with running(environment, tenant=tenant) as second:
        second.make_due()
        await second.answer()
        await second.settled()
    (accepted,), (done,) = log.of("webhook.accepted"), log.of("turn.done")
    assert [done[name] for name in REQUIRED] == [accepted[name] for name in REQUIRED]
    complete(log.lines)


async def test_nothing_that_anybody_wrote_and_no_number_is_in_it(shop: Harness, log: Log) -> None:
    await shop.say("mi dirección es Calle Zanahoria 12, tel 5599887766")
    await shop.post(b'{"body": "zanahoria', signature=None)
    async with shop.session.post(
        f"{shop.url}/webhook?access_token=EAAzanahoria", data=b"zanahoria"
    ) as response:
        assert response.status == 401
    await shop.settled()
    for hidden in ("zanahoria", "Zanahoria", "5599887766", shop.customer.wa_id, "EAAtoken"):
        assert hidden not in log.text


async def test_a_request_that_is_no_http_leaves_none_of_it_in_the_log(
    shop: Harness, log: Log
) -> None:
    host, port = shop.url.removeprefix("http://").split(":")
    for raw in (
        b"zanahoria zanahoria\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\nZana horia: zanahoria\r\n\r\nzanahoria",
        b"POST /webhook HTTP/1.1\r\nContent-Length: zanahoria\r\n\r\n",
        b"GET /?zanahoria=\xff\xfe HTTP/9.9\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(raw)
        await writer.drain()
        await asyncio.wait_for(reader.read(100), 5)
        writer.close()
    assert "zanahoria" not in log.text
