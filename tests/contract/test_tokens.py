"""Tokens that end, lack a permission, belong to another account, or are withdrawn."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.conftest import NUMBER
from wabot.domain.delivery import TOKEN_REFUSED, Accepted, Reaction, Rejected, SendOutcome
from wabot.domain.message import Recipient, TextMessage
from wabot.gateways.whatsapp import GraphClient
from wabot.gateways.whatsapp.inspection import GraphInspector
from wabot.simulation.graph import GraphConfig, Number, StandInGraph
from wabot.simulation.graph.config import MANAGEMENT, MESSAGING

GOOD, LIMITED, SHORT = "EAAgood0123456789", "EAAlimited012345", "EAAshort01234567"
TODAY = 1_772_452_800


class Calendar:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = float(TODAY)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
async def graph(calendar: Calendar) -> AsyncIterator[StandInGraph]:
    numbers = (
        Number(NUMBER, GOOD, waba_id="900"),
        Number(NUMBER, LIMITED, waba_id="900", scopes=(MANAGEMENT,)),
        Number(NUMBER, SHORT, waba_id="900", expires_at=TODAY + 60),
    )
    async with StandInGraph(GraphConfig(numbers=numbers, clock=calendar)) as running:
        yield running


async def send(client: GraphClient, token: str) -> SendOutcome:
    return await client.send(NUMBER, token, Recipient("5215550100001"), TextMessage("hola"), "1")


async def test_a_token_tells_its_end_its_permissions_and_its_accounts(client: GraphClient) -> None:
    facts = await GraphInspector(client).inspect(SHORT)
    assert facts.valid
    assert facts.expires_at is not None
    assert facts.expires_at.timestamp() == TODAY + 60
    assert facts.targets[MESSAGING] == {"900"}
    assert (await GraphInspector(client).inspect(GOOD)).expires_at is None
    assert (await GraphInspector(client).inspect(LIMITED)).scopes == {MANAGEMENT}


async def test_a_token_that_ended_or_was_withdrawn_is_refused_with_its_code(
    client: GraphClient, graph: StandInGraph, calendar: Calendar
) -> None:
    for token in (SHORT, GOOD):
        assert isinstance(await send(client, token), Accepted)
    calendar.now += 61
    graph.withdraw(GOOD)
    for token in (SHORT, GOOD):
        refused = await send(client, token)
        assert isinstance(refused, Rejected)
        assert refused.code == TOKEN_REFUSED
        facts = await GraphInspector(client).inspect(token)
        assert not facts.valid
        assert "EAA" not in facts.reason


async def test_a_token_without_the_permission_to_send_answers_but_does_not_send(
    client: GraphClient,
) -> None:
    assert await GraphInspector(client).refusal(NUMBER, LIMITED) == ""
    refused = await send(client, LIMITED)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.reaction) == (10, Reaction.PAUSE_TENANT)


async def test_a_number_that_the_token_may_not_use_is_told(client: GraphClient) -> None:
    assert "code 100" in await GraphInspector(client).refusal("106500000000009", GOOD)


async def test_a_number_that_the_token_may_not_use_any_more_stops_the_shop_not_its_messages(
    client: GraphClient,
) -> None:
    """Meta says so under the code of a wrong parameter, which the same message would repeat."""
    hello = TextMessage("hola")
    refused = await client.send("106500000000009", GOOD, Recipient("5215550100001"), hello, "")
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.reaction) == (100, Reaction.PAUSE_TENANT)
