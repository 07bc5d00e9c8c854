"""When nothing of a shop can pass: one try now and then, and everything once the cause is gone."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.harness import Harness, make_tenant, running
from tests.integration.tenants.conftest import Cli
from tests.integration.tokens.conftest import NEW, OLD, Run, cli, number, rotate
from wabot.config import Settings
from wabot.domain.delivery import Reaction, Rejected
from wabot.domain.tenant import Tenant
from wabot.simulation.graph import Fault, StandInGraph
from wabot.simulation.graph.config import Number
from wabot.simulation.inbound_payloads import Person, change, from_customer, message, text, webhook

__all__ = ["cli", "rotate"]

OTHER = "106500000000002"
MOVED_TO = "106500000000003"
UNPAID = 131042
MINUTE = timedelta(minutes=1)


@pytest.fixture
def tenant(settings: Settings, central_url: str) -> Tenant:
    return make_tenant(settings, central_url, "bodega", token=OLD, waba_id="900100200300")


@pytest.fixture
async def shop(environment: dict[str, str], tenant: Tenant) -> AsyncIterator[Harness]:
    numbers = (
        number(OLD),
        number(NEW),
        number(OLD, phone_number_id=MOVED_TO),
        Number(OTHER, "EAAofanothershop"),
    )
    variables = {"WABOT_RATE_LIMITS": "on"}
    async with running(
        environment, tenant=tenant, numbers=numbers, throughput=80, **variables
    ) as harness:
        yield harness


@pytest.fixture
def graph(shop: Harness) -> StandInGraph:
    """The server's own Graph proves the tokens."""
    return shop.graph


def people(count: int) -> list[Person]:
    return [Person(f"5215550{n:06}", f"Cliente {n}") for n in range(count)]


async def all_say(shop: Harness, persons: list[Person], words: str, *, number: str = "") -> None:
    stamp = int(shop.clock.now().timestamp())
    kind, content = text(words)
    messages = [message(p, kind, content, timestamp=stamp) for p in persons]
    status, _ = await shop.post(
        webhook([change(number or shop.tenant.phone_number_id, messages=messages)])
    )
    assert status == 200


async def until(condition: Callable[[], Any], timeout: float = 20) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.05)


def held(shop: Harness) -> int:
    """Return how many messages are known as not sent."""
    return shop.shop(
        "SELECT count(*) AS n FROM messages WHERE status = 'sending' AND next_attempt_at <= now()"
    )[0]["n"]


def pauses(shop: Harness) -> list[dict[str, Any]]:
    return shop.central("SELECT * FROM wabot.sending_pauses")


def alerts(shop: Harness) -> list[tuple[str, int, bool]]:
    # What a server finds out besides, on its rounds, comes when it comes.
    rows = shop.central(
        "SELECT rule, occurrences, resolved_at FROM wabot.alerts WHERE rule = 'sending_paused'"
    )
    return [(row["rule"], row["occurrences"], row["resolved_at"] is not None) for row in rows]


def probe_now(shop: Harness) -> None:
    shop.central(
        "UPDATE wabot.sending_pauses SET next_probe_at = now() - interval '1 second' RETURNING 1"
    )


async def test_a_dead_token_costs_a_handful_of_tries_and_another_one_lets_all_go_in_order(
    shop: Harness, rotate: Run
) -> None:
    customers = people(100)
    shop.graph.withdraw(OLD)
    await all_say(shop, customers, "hola")
    await until(lambda: held(shop) == 100)
    await all_say(shop, customers, "catálogo")
    await until(lambda: held(shop) == 200)
    refused = [code for code, _ in shop.graph.journal.refusals]
    assert set(refused) == {190}
    assert len(refused) <= 8
    assert alerts(shop) == [("sending_paused", 1, False)]
    assert [(p["code"], p["probes"]) for p in pauses(shop)] == [(190, 0)]

    assert (await rotate("bodega")).exit_code == 0
    await until(lambda: len(shop.graph.messages) == 200)
    await shop.settled()
    assert {code for code, _ in shop.graph.journal.refusals[len(refused) :]} <= {190}
    assert len(shop.graph.journal.refusals) - len(refused) <= 4
    assert pauses(shop) == []
    assert alerts(shop) == [("sending_paused", 1, True)]
    rows = shop.shop(
        "SELECT wamid, contact FROM messages WHERE direction = 'out' ORDER BY position"
    )
    for person in customers:
        made = [row["wamid"] for row in rows if row["contact"] == person.wa_id]
        assert made == [m.wamid for m in shop.graph.messages if m.to == person.wa_id]
        assert len(made) == 2


async def test_one_message_at_a_time_is_tried_and_ever_more_seldom(shop: Harness) -> None:
    shop.graph.fail(Fault(code=UNPAID, count=0))
    await all_say(shop, people(12), "hola")
    await until(lambda: held(shop) == 12)
    tried = len(shop.graph.journal.refusals)
    for probes in (1, 2):
        probe_now(shop)
        await until(lambda n=probes: pauses(shop)[0]["probes"] == n)
        await until(lambda n=probes: len(shop.graph.journal.refusals) == tried + n)
        row = shop.central("SELECT next_probe_at - now() AS left, code FROM wabot.sending_pauses")[
            0
        ]
        assert 60 * 2**probes - 5 < row["left"].total_seconds() <= 60 * 2**probes
        assert row["code"] == UNPAID
    await asyncio.sleep(1.5)
    assert len(shop.graph.journal.refusals) == tried + 2
    assert alerts(shop) == [("sending_paused", 1, False)]
    attempts = shop.shop("SELECT DISTINCT attempts FROM messages WHERE direction = 'out'")
    assert attempts == [{"attempts": 0}]


async def test_an_accepted_try_lets_everything_go(shop: Harness) -> None:
    shop.graph.fail(Fault(code=UNPAID, count=0))
    await all_say(shop, people(12), "hola")
    await until(lambda: held(shop) == 12)
    shop.graph.heal()
    await asyncio.sleep(1.2)
    assert shop.graph.messages == ()
    probe_now(shop)
    await until(lambda: len(shop.graph.messages) == 12, timeout=8)
    await shop.settled()
    assert pauses(shop) == []
    assert alerts(shop) == [("sending_paused", 1, True)]


async def test_the_operator_sees_why_and_can_have_it_tried_at_once(shop: Harness, cli: Cli) -> None:
    def told(*words: str) -> dict[str, Any]:
        done = cli("tenant", *words, "bodega", "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    assert (await asyncio.to_thread(told, "show"))["data"]["sending"] == {"state": "on"}
    assert (await asyncio.to_thread(told, "try-sending"))["data"]["trying"] is False
    shop.graph.fail(Fault(code=UNPAID, count=0))
    await all_say(shop, people(3), "hola")
    await until(lambda: held(shop) == 3)
    shown = await asyncio.to_thread(told, "show")
    sending = shown["data"]["sending"]
    assert (sending["state"], sending["code"], sending["waiting_events"]) == ("stopped", UNPAID, 3)
    assert "payment" in sending["reason"]
    assert shown["next"] == ["wabot tenant try-sending bodega"]
    shop.graph.heal()
    assert (await asyncio.to_thread(told, "try-sending"))["data"]["trying"] is True
    await until(lambda: len(shop.graph.messages) == 3, timeout=8)
    assert (await asyncio.to_thread(told, "show"))["data"]["sending"] == {"state": "on"}
    (act,) = shop.central("SELECT slug FROM wabot.audit_log WHERE action = 'tenant.try_sending'")
    assert act["slug"] == "bodega"


async def test_another_number_is_tried_at_once(shop: Harness, cli: Cli) -> None:
    shop.graph.fail(Fault(code=133010, count=0, phone_number_id=shop.tenant.phone_number_id))
    await all_say(shop, people(3), "hola")
    await until(lambda: held(shop) == 3)
    words = ("tenant", "update", "bodega", "--phone-number-id", MOVED_TO)
    done = await asyncio.to_thread(cli, *words)
    assert done.exit_code == 0, done.output
    await until(lambda: pauses(shop)[0]["probes"] == 1)
    probe_now(shop)
    await all_say(shop, people(3), "menú", number=MOVED_TO)
    await until(lambda: len(shop.graph.messages) >= 3)
    assert {message.phone_number_id for message in shop.graph.messages} == {MOVED_TO}
    await until(lambda: not pauses(shop))


async def test_the_log_tells_when_sending_stops_and_when_it_goes_on(
    shop: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="wabot")
    shop.graph.fail(Fault(code=UNPAID, count=0))
    await all_say(shop, people(3), "hola")
    await until(lambda: held(shop) == 3)
    shop.graph.heal()
    probe_now(shop)
    await until(lambda: len(shop.graph.messages) == 3)
    await shop.settled()
    said = [record.message for record in caplog.records if "sending" in record.message]
    assert said == [
        "Nothing of this shop will pass: its sending stands still.",
        "A message was accepted: sending goes on.",
    ]


async def test_a_try_that_is_refused_for_its_own_sake_is_followed_by_another(
    shop: Harness,
) -> None:
    shop.graph.fail(Fault(code=UNPAID, count=0))
    await all_say(shop, people(3), "hola")
    await until(lambda: held(shop) == 3)
    shop.graph.heal()
    shop.graph.fail(Fault(code=131026))
    probe_now(shop)
    await until(lambda: shop.shop("SELECT 1 FROM messages WHERE status = 'failed'"))
    assert len(pauses(shop)) == 1
    # The message is marked before the next try is set.
    soon = "SELECT 1 FROM wabot.sending_pauses WHERE next_probe_at <= now() + interval '5 s'"
    await until(lambda: shop.central(soon))
    probe_now(shop)
    await until(lambda: len(shop.graph.messages) == 2)
    assert pauses(shop) == []


async def test_a_server_that_starts_knows_of_the_stop(
    environment: dict[str, str], tenant: Tenant
) -> None:
    async with running(environment, tenant=tenant) as first:
        first.graph.fail(Fault(code=UNPAID, count=0))
        await all_say(first, people(2), "hola")
        await until(lambda: held(first) == 2)
    async with running(environment, tenant=tenant) as second:
        await asyncio.sleep(1.2)
        await all_say(second, people(3), "menú")
        await until(lambda: held(second) == 5)
        assert second.graph.messages == ()
        probe_now(second)
        await until(lambda: len(second.graph.messages) == 5)


async def test_all_servers_stop_and_go_on_together(
    environment: dict[str, str], tenant: Tenant
) -> None:
    async with (
        running(environment, tenant=tenant) as one,
        running(environment, tenant=tenant) as other,
    ):
        one.graph.fail(Fault(code=UNPAID, count=0))
        for person in people(6):
            for graph in (one.graph, other.graph):
                graph.windows.open(tenant.phone_number_id, person.wa_id)
        await all_say(one, people(3), "hola")
        await until(lambda: held(one) == 3)
        await until(lambda: other.runtime.worker._pauses.holds(tenant.id))
        await all_say(other, people(6), "menú")
        await until(lambda: held(one) == 9)
        assert other.graph.messages == ()
        one.graph.heal()
        probe_now(one)
        await until(lambda: len(one.graph.messages) + len(other.graph.messages) == 9)
        await one.settled()
        assert alerts(one) == [("sending_paused", 1, True)]
        contacts = {message.to for graph in (one.graph, other.graph) for message in graph.messages}
        assert contacts == {person.wa_id for person in people(6)}


async def test_another_shop_notices_nothing(
    shop: Harness, settings: Settings, central_url: str
) -> None:
    other = await asyncio.to_thread(
        make_tenant, settings, central_url, "otra", number=OTHER, token="EAAofanothershop"
    )
    await asyncio.sleep(1.2)
    shop.graph.withdraw(OLD)
    await all_say(shop, people(60), "hola")
    ana = Person("5215551999999", "Ana")
    for _ in range(3):
        stamp = int(shop.clock.now().timestamp())
        body = from_customer(other.phone_number_id, ana, text("hola"), timestamp=stamp)
        await shop.post(body)
        sent = await shop.graph.next_message(3)
        assert (sent.phone_number_id, sent.to) == (OTHER, ana.wa_id)
    assert [pause["client_id"] for pause in pauses(shop)] == [shop.tenant.id]


async def test_a_refusal_of_the_token_before_this_one_stops_nothing(shop: Harness) -> None:
    """It came while the token was changed."""
    store = shop.runtime.worker._pauses._store
    formerly = replace(shop.tenant, token="v1.another")
    began = await store.begin(formerly, code=190, reason="x", message="x", probe_in=MINUTE)
    assert began is None
    assert pauses(shop) == []
    assert alerts(shop) == []


async def test_a_refusal_that_crosses_a_rotation_stops_nothing(
    shop: Harness, central_url: str
) -> None:
    store = shop.runtime.worker._pauses._store
    with psycopg.connect(central_url) as rotation:
        rotation.execute("SELECT 1 FROM wabot.clients FOR UPDATE")
        refusal = asyncio.create_task(
            store.begin(shop.tenant, code=190, reason="x", message="x", probe_in=MINUTE)
        )
        await asyncio.sleep(0.3)
        assert not refusal.done()
        rotation.execute("UPDATE wabot.clients SET whatsapp_token = 'v1.another'")
        rotation.commit()
    assert await refusal is None
    assert pauses(shop) == []
    assert [resolved for _, _, resolved in alerts(shop)] in ([], [True])


async def test_what_was_seen_before_a_stop_does_not_end_it(shop: Harness) -> None:
    known = shop.runtime.worker._pauses
    seen = await known.look()
    await known.begin(shop.tenant, Rejected(190, "ended", Reaction.PAUSE_TENANT))
    await known.follow(seen)
    assert known.holds(shop.tenant.id)
    await known.follow(await known.look())
    assert known.holds(shop.tenant.id)


async def test_of_all_servers_one_takes_the_try(shop: Harness) -> None:
    store = shop.runtime.worker._pauses._store
    await store.begin(shop.tenant, code=190, reason="x", message="x", probe_in=timedelta(0))
    client = shop.tenant.id
    taken = await asyncio.gather(*(store.claim_probe(client, 0, MINUTE) for _ in range(8)))
    assert sorted(taken) == [False] * 7 + [True]
    assert not await store.claim_probe(client, 1, MINUTE)
