"""Whatever a signed webhook holds: it is taken or refused, never a 500, and the inbox goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.harness import NUMBER, Harness, running
from tests.payloads import ANA
from tests.payloads.spoilt import anything, mutated
from wabot.simulation.inbound_payloads import Person, message, new_wamid, webhook

EXAMPLES = 120


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment) as harness:
        yield harness


def for_the_shop(value: Any) -> dict[str, Any]:
    """Return a body whose messages reach the shop, whatever they are."""
    changed = {"metadata": {"phone_number_id": NUMBER}, "messages": value}
    return webhook([{"field": "messages", "value": changed}])


@st.composite
def messages_to_the_shop(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["text", "interactive", "order", "location", "image", "contacts", "button"])
    )
    content = draw(anything)
    entry = message(ANA, kind, {kind: content}, timestamp=1_772_452_800, wamid=new_wamid())
    return for_the_shop([entry])


def examples(strategy: st.SearchStrategy[Any]) -> list[Any]:
    found: list[Any] = []

    # Collected first and posted together: the server lives in this test's event loop.
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


async def test_no_body_is_answered_with_500_or_stops_the_inbox(shop: Harness) -> None:
    anything_to_the_shop = st.lists(anything, max_size=3).map(for_the_shop)
    strategies = (mutated(), anything, anything_to_the_shop, messages_to_the_shop())
    raws = [encoded(body) for strategy in strategies for body in examples(strategy)]
    gate = asyncio.Semaphore(16)

    async def post(raw: bytes) -> int:
        async with gate:
            return (await shop.post(raw))[0]

    answers = await asyncio.gather(*(post(raw) for raw in raws))
    wrong = [(said, raw) for said, raw in zip(answers, raws, strict=True) if said not in {200, 400}]
    assert wrong == []
    # Who writes next is answered as ever.
    assert (await shop.say("hola", sender=Person("5215550109999", "Eva"))).text
    failed = shop.central("SELECT last_error, payload FROM wabot.inbox WHERE state = 'failed'")
    assert failed == []
    await shop.settled(60)
