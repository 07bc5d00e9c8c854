"""What the stand-in refuses outside the 24 hours, and which templates it takes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.contract.conftest import NUMBER, TOKEN
from wabot.domain.delivery import Accepted, Reaction, Rejected, SendOutcome
from wabot.domain.message import OutboundMessage, Recipient, TemplateMessage, TextMessage
from wabot.gateways.whatsapp import GraphClient
from wabot.simulation.graph import GraphConfig, Number, StandInGraph, Template
from wabot.simulation.inbound_payloads import Person, from_customer, text

DAY = 24 * 60 * 60
ANA = Recipient(wa_id="5215550100001")
HELLO = TextMessage("hola")
NOTICE = TemplateMessage("pedido_nuevo", "es_MX", ("P-101", "Ana"))


@dataclass
class Bench:
    """A strict stand-in, a client, and the time that both live in."""

    graph: StandInGraph
    client: GraphClient
    now: list[float]

    async def send(
        self, message: OutboundMessage, to: Recipient = ANA, number: str = NUMBER
    ) -> SendOutcome:
        return await self.client.send(number, TOKEN, to, message, "")

    async def code(self, message: OutboundMessage, **where: Any) -> int | None:
        """Return the code of the refusal, None when the message was taken."""
        outcome = await self.send(message, **where)
        assert isinstance(outcome, Accepted | Rejected)
        return outcome.code if isinstance(outcome, Rejected) else None

    def hear(self, person: Person, number: str = NUMBER) -> None:
        stamp = int(self.now[0])
        self.graph.windows.hear(from_customer(number, person, text("hola"), timestamp=stamp))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    now = [1_800_000_000.0]
    config = GraphConfig(
        numbers=(Number(NUMBER, TOKEN, waba_id="1"), Number("2" * 15, TOKEN, waba_id="2")),
        windows=True,
        templates=(
            Template("pedido_nuevo", "es_MX", 2, waba_id="1"),
            Template("pausada", status="PAUSED"),
            Template("apagada", status="DISABLED"),
            Template("pendiente", status="PENDING"),
        ),
        clock=lambda: now[0],
    )
    async with (
        StandInGraph(config) as graph,
        GraphClient(graph.url, "v23.0") as client,
    ):
        yield Bench(graph, client, now)


async def test_who_never_wrote_gets_no_free_form_message(bench: Bench) -> None:
    outcome = await bench.send(HELLO)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.reaction) == (131047, Reaction.USE_TEMPLATE)


async def test_a_message_opens_the_window_of_that_number_for_24_hours(bench: Bench) -> None:
    bench.hear(Person("5215550100001", "Ana"))
    assert await bench.code(HELLO) is None
    assert await bench.code(HELLO, number="2" * 15) == 131047
    bench.now[0] += DAY - 1
    assert await bench.code(HELLO) is None
    bench.now[0] += 1
    assert await bench.code(HELLO) == 131047
    bench.hear(Person("5215550100001", "Ana"))
    assert await bench.code(HELLO) is None


async def test_a_person_is_the_same_with_and_without_prefix_and_by_user_id(bench: Bench) -> None:
    bench.hear(Person("5215550100001", "Ana", user_id="MX.70010000000000000777"))
    assert await bench.code(HELLO, to=Recipient(wa_id="525550100001")) is None
    assert await bench.code(HELLO, to=Recipient(user_id="MX.70010000000000000777")) is None


async def test_the_control_interface_hears_webhooks_too(bench: Bench) -> None:
    body = from_customer(
        NUMBER, Person("5215550100001", "Ana"), text("hola"), timestamp=int(bench.now[0])
    )
    async with aiohttp.ClientSession() as session:
        url = f"{bench.graph.url}/_control/webhooks"
        async with session.post(url, json=body) as response:
            assert response.status == 200
    assert await bench.code(HELLO) is None


@pytest.mark.parametrize("body", [[], {}, {"entry": 1}, {"entry": [{"changes": [{"value": 1}]}]}])
async def test_what_is_no_webhook_opens_nothing(bench: Bench, body: object) -> None:
    bench.graph.windows.hear(body)
    assert await bench.code(HELLO) == 131047


async def test_an_approved_template_passes_outside_the_window(bench: Bench) -> None:
    assert await bench.code(NOTICE) is None
    assert bench.graph.messages[0].template == "pedido_nuevo"
    assert bench.graph.messages[0].parameters == ("P-101", "Ana")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (TemplateMessage("otra", "es_MX", ("P-101", "Ana")), 132001),
        (TemplateMessage("pedido_nuevo", "es", ("P-101", "Ana")), 132001),
        (TemplateMessage("pendiente", "es"), 132001),
        (TemplateMessage("pausada", "es"), 132015),
        (TemplateMessage("apagada", "es"), 132016),
        (TemplateMessage("pedido_nuevo", "es_MX", ("P-101",)), 132000),
        (TemplateMessage("pedido_nuevo", "es_MX"), 132000),
    ],
)
async def test_a_template_that_cannot_be_used_is_refused(
    bench: Bench, message: TemplateMessage, code: int
) -> None:
    outcome = await bench.send(message)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.reaction) == (code, Reaction.GIVE_UP)


async def test_a_template_belongs_to_its_account(bench: Bench) -> None:
    assert await bench.code(NOTICE, number="2" * 15) == 132001


async def test_templates_can_be_changed_by_the_control_interface(bench: Bench) -> None:
    async with aiohttp.ClientSession() as session:

        async def put(**template: object) -> int:
            url = f"{bench.graph.url}/_control/templates"
            async with session.post(url, json=template) as response:
                return response.status

        assert await put(name="pausada", language="es", parameters=0) == 201
        assert await bench.code(TemplateMessage("pausada", "es")) is None
        assert await put(name="pausada", parameters="many") == 400
        assert await put(language="es") == 400
        assert await put(name="x", colour="red") == 400


@pytest.mark.parametrize("words", ["a\nb", "a\tb", "a     b", "", "x" * 1025])
async def test_a_parameter_must_stand_on_one_line(bench: Bench, words: str) -> None:
    value = {"type": "text", "text": words}
    body = {
        "messaging_product": "whatsapp",
        "to": "+5215550100001",
        "type": "template",
        "template": {
            "name": "pedido_nuevo",
            "language": {"code": "es_MX"},
            "components": [{"type": "body", "parameters": [value, value]}],
        },
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"{bench.graph.url}/v23.0/{NUMBER}/messages"
        async with session.post(url, json=body) as response:
            answer = await response.json()
    assert answer["error"]["code"] in {100, 131009}
