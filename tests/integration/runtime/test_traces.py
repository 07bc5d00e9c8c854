"""Traces, as a collector on loopback gets them."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.harness import Harness, running
from wabot.config import traces_wanted
from wabot.container.watching import build_spans
from wabot.services.runtime.spans import UNTRACED
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import SIGNATURE_HEADER, encode, sign, text


class Collector:
    """Keeps every span that it gets."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.raw = b""
        self.resource: dict[str, str] = {}

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        asked = ExportTraceServiceRequest()
        asked.ParseFromString(body)
        for batch in asked.resource_spans:
            self.resource = {a.key: a.value.string_value for a in batch.resource.attributes}
            for scope in batch.scope_spans:
                self.spans += scope.spans
        return web.Response(body=b"", content_type="application/x-protobuf")

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    found = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    yield found
    await runner.cleanup()


async def post(shop: Harness, words: str) -> str:
    """Write as the customer; return the request's id."""
    body = shop.body(text(words))
    shop.graph.windows.hear(body)
    raw = encode(body)
    headers = {SIGNATURE_HEADER: sign(raw, shop.settings["WHATSAPP_APP_SECRET"][0])}
    async with shop.session.post(f"{shop.url}/webhook", data=raw, headers=headers) as response:
        return response.headers["X-Request-Id"]


async def test_a_message_is_one_trace_from_the_webhook_to_the_answer(
    environment: dict[str, str], collector: Collector
) -> None:
    async with running(environment) as shop:
        request_id = await post(shop, "quiero zanahorias moradas")
        await shop.answer()
        await shop.settled()
    (accept,) = collector.named("accept")
    (turn,) = collector.named("turn")
    (send,) = collector.named("send")
    assert {span.trace_id.hex() for span in (accept, turn, send)} == {request_id}
    assert accept.parent_span_id == b""
    assert turn.parent_span_id == accept.span_id
    assert send.parent_span_id == turn.span_id
    assert turn.start_time_unix_nano >= accept.start_time_unix_nano
    assert {a.key: a.value.string_value for a in send.attributes} == {
        "wabot.tenant": "bodega",
        "wabot.kind": send.attributes[1].value.string_value,
        "wabot.audience": "customer",
    }
    assert collector.resource["service.name"] == "wabot"
    for hidden in (b"zanahoria", b"5215550100001", b"EAAtoken"):
        assert hidden not in collector.raw


async def test_another_process_goes_on_with_the_trace(
    environment: dict[str, str], collector: Collector
) -> None:
    patient = {"WABOT_QUIET_WINDOW": "30", "WABOT_QUIET_WINDOW_MAX": "60"}
    async with running({**environment, **patient}) as first:
        request_id = await post(first, "hola")
        tenant = first.tenant
    async with running(environment, tenant=tenant) as second:
        second.make_due()
        await second.answer()
        await second.settled()
    (turn,) = collector.named("turn")
    assert turn.trace_id.hex() == request_id
    assert turn.parent_span_id == collector.named("accept")[0].span_id


async def test_a_message_that_waited_is_sent_within_its_trace(
    environment: dict[str, str], collector: Collector
) -> None:
    async with running(environment, statuses=StatusLevel.NONE) as shop:
        shop.graph.fail(Fault(code=131016, recipient=shop.customer.wa_id))
        request_id = await post(shop, "hola")
        await shop.answer()
        await shop.settled()
    sends = collector.named("send")
    assert len(sends) == 2
    assert {span.trace_id.hex() for span in sends} == {request_id}


def test_nobody_is_asked_unless_a_collector_is_named() -> None:
    assert not traces_wanted({})
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    assert traces_wanted(named)
    assert not traces_wanted({**named, "OTEL_SDK_DISABLED": "true"})
    assert not traces_wanted({**named, "OTEL_TRACES_EXPORTER": "none"})
    assert build_spans(False) is UNTRACED


def test_that_the_library_is_missing_is_said_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "wabot.gateways.traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    with caplog.at_level(logging.WARNING):
        assert build_spans(True) is UNTRACED
    assert "pip install 'wabot[otel]'" in caplog.text


async def test_a_collector_that_is_away_delays_no_answer(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with running(environment) as shop:
        async with asyncio.timeout(20):
            await shop.say("hola")
