"""What Prometheus reads: every happening in its metric, and the backlog as the database has it."""

from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.harness import Harness, running
from tests.integration.runtime.test_turns import order
from wabot.gateways.metrics import OTHER, PrometheusMeasures
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import encode, from_customer, text

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(said: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
    }


async def scrape(shop: Harness) -> Samples:
    async with shop.session.get(f"{shop.admin}/metrics") as response:
        assert response.status == 200
        return read(await response.text())


def value(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum of the samples that have these labels, whatever others."""
    wanted = set(labels.items())
    found = [v for (n, having), v in samples.items() if n == f"wabot_{name}" and wanted <= having]
    assert found, f"{name} {labels} is not there"
    return sum(found)


async def test_an_order_is_seen_in_the_metrics(environment: dict[str, str]) -> None:
    async with running(environment, statuses=StatusLevel.READ) as shop:
        shop.staff_wrote()
        await order(shop)
        await shop.settled()
        seen = await scrape(shop)
        assert value(seen, "messages_received_total", result="accepted", type="text") == 3
        assert value(seen, "messages_received_total", type="interactive") == 3
        # To the customer, and one to the owner.
        assert value(seen, "messages_sent_total", result="accepted") == 7
        assert value(seen, "orders_total") == 1
        assert value(seen, "sessions_total") == 1
        assert value(seen, "reply_seconds_count") == 6
        assert value(seen, "turns_total", result="done") >= 6
        assert value(seen, "turn_seconds_count") == value(seen, "turns_total")
        assert value(seen, "graph_request_seconds_count", status="2xx") == 7
        assert value(seen, "webhooks_total", code="200") == value(seen, "webhook_seconds_count")
        assert value(seen, "statuses_received_total", status="read") >= 7
        assert value(seen, "database_up") == 1
        assert value(seen, "inbox_events", state="waiting") == 0
        assert value(seen, "shops", status="active") == 1
        assert value(seen, "workers") == 1
        assert value(seen, "pool_connections", pool="central", state="open") >= 1
        assert value(seen, "build_info") == 1
        assert not any(dict(labels).get("tenant") for _, labels in seen)


async def test_what_goes_wrong_is_seen_in_the_metrics(one: Harness) -> None:
    body = one.body(text("hola"))
    await one.post(body)
    await one.answer()
    await one.settled()
    await one.post(body)
    await one.post(body, signature="sha256=wrong")
    stray = from_customer("999000000000001", one.customer, text("hola"), timestamp=1_700_000_000)
    await one.post(encode(stray))
    one.graph.fail(Fault(code=131026, recipient=one.customer.wa_id))
    await one.post(one.body(text("catálogo")))
    await one.settled()
    await one.say("quiero hablar con una persona")
    await one.settled()
    seen = await scrape(one)
    assert value(seen, "graph_errors_total", code="131026") == 1
    assert value(seen, "messages_sent_total", result="rejected") == 1
    assert value(seen, "graph_request_seconds_count", status="4xx") == 1
    assert value(seen, "events_duplicate_total") == 1
    assert value(seen, "webhooks_total", code="401") == 1
    assert value(seen, "messages_received_total", result="unrouted") == 1
    assert value(seen, "inbox_events", state="unrouted") == 1
    assert value(seen, "handoffs_total") == 1
    # The adviser never wrote to the shop's number.
    assert value(seen, "alerts_open", rule="notice_unsent") == 1
    assert value(seen, "alerts_raised_total", rule="notice_unsent") == 1


async def test_what_waits_is_told_with_its_age(one: Harness) -> None:
    one.central_do(
        "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,"
        " occurred_at, received_at, due_at) SELECT %s, 'k' || n, 'message', %s, 'c' || n, '{}',"
        " now(), now() - make_interval(secs => 100 * n), now() + interval '1 h'"
        " FROM generate_series(1, 3) n",
        [one.tenant.phone_number_id, one.tenant.id],
    )
    one.central_do("UPDATE wabot.inbox SET attempts = 2 WHERE dedup_key = 'k3'")
    seen = await scrape(one)
    assert value(seen, "inbox_events", state="waiting") == 3
    assert value(seen, "inbox_oldest_seconds") == pytest.approx(300, abs=20)
    # Untried and put off: its turn is committed, its messages are not all out.
    assert value(seen, "outbox_oldest_seconds") == pytest.approx(200, abs=20)
    one.central_do("UPDATE wabot.clients SET status = 'suspended'")
    seen = await scrape(one)
    assert value(seen, "inbox_events", state="parked") == 3
    assert value(seen, "inbox_oldest_seconds") == 0


async def test_without_the_database_the_process_still_tells_what_it_knows(one: Harness) -> None:
    await one.say("hola")
    one.central_do("ALTER TABLE wabot.inbox RENAME TO away")
    try:
        seen = await scrape(one)
    finally:
        one.central_do("ALTER TABLE wabot.away RENAME TO inbox")
    assert value(seen, "database_up") == 0
    assert value(seen, "messages_received_total") == 1


async def test_nothing_is_measured_when_it_is_switched_off(environment: dict[str, str]) -> None:
    async with running(environment, WABOT_METRICS="off") as shop:
        await shop.say("hola")
        async with shop.session.get(f"{shop.admin}/metrics") as response:
            assert response.status == 404
            assert "WABOT_METRICS" in await response.text()


async def test_shops_are_told_apart_when_asked_for(environment: dict[str, str]) -> None:
    async with running(environment, WABOT_METRICS_TENANTS="5") as shop:
        await shop.say("hola")
        seen = await scrape(shop)
    assert value(seen, "messages_received_total", tenant="bodega") == 1
    assert value(seen, "messages_sent_total", tenant="bodega") == 1


def told(measures: PrometheusMeasures) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    return read(measures.render(None).decode())


def test_no_more_shops_are_told_apart_than_asked_for() -> None:
    measures = PrometheusMeasures("1", tenants=2)
    for number in range(5):
        measures.order(f"shop-{number}")
    seen = told(measures)
    assert value(dict(seen), "orders_total", tenant="shop-1") == 1
    assert value(dict(seen), "orders_total", tenant=OTHER) == 3


def test_values_that_others_invent_do_not_make_labels_without_end() -> None:
    measures = PrometheusMeasures("1")
    for number in range(500):
        measures.received("", f"type-{number}", "accepted")
        measures.graph(400, number, 0.1)
        measures.alert(f"rule-{number}")
        measures.status(f"status-{number}")
    seen = told(measures)
    for name in ("messages_received", "graph_errors", "alerts_raised", "statuses_received"):
        series = [labels for n, labels in seen if n == f"wabot_{name}_total"]
        assert len(series) <= 41
        assert sum(v for (n, _), v in seen.items() if n == f"wabot_{name}_total") == 500
