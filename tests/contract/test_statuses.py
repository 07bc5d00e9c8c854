"""Statuses come back signed, in order, with our own id, and our own parser reads them."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

from tests.contract.conftest import NUMBER, SECRET, SHOP, TOKEN, Callback
from wabot.domain.delivery import Accepted, SendOutcome
from wabot.domain.inbound import Pricing, StatusUpdate, parse_webhook
from wabot.domain.message import Recipient, TextMessage
from wabot.gateways.whatsapp import GraphClient
from wabot.simulation.graph import Fault, GraphConfig, StandInGraph, StatusLevel

NOW = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
ANA = Recipient(wa_id="5215550100001")
BEA = Recipient(wa_id="5215550100002")


async def send(graph: StandInGraph, data: str, recipient: Recipient = ANA) -> SendOutcome:
    async with GraphClient(graph.url, "v26.0") as client:
        return await client.send(NUMBER, TOKEN, recipient, TextMessage("hola"), data)


async def told(callback: Callback) -> StatusUpdate:
    body, signature = await callback.next()
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert signature == f"sha256={expected}"
    [update] = parse_webhook(json.loads(body), NOW)
    assert isinstance(update, StatusUpdate)
    return update


async def test_statuses_are_told_in_order_with_our_own_id(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    outcome = await send(telling_graph, "row-7")

    updates = [await told(callback) for _ in range(3)]
    assert [update.status for update in updates] == ["sent", "delivered", "read"]
    assert isinstance(outcome, Accepted)
    for update in updates:
        assert update.wamid == outcome.wamid
        assert update.callback_data == "row-7"
        assert update.wa_id == ANA.wa_id
        assert update.phone_number_id == NUMBER
        assert update.waba_id == SHOP.waba_id
        assert update.occurred_at == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert updates[0].pricing == Pricing("service", "regular", "PMP", billable=True)


async def test_a_customer_without_a_phone_is_named_by_user_id(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    await send(telling_graph, "row-1", Recipient(user_id="MX.7001"))

    update = await told(callback)
    assert (update.wa_id, update.user_id) == ("", "MX.7001")


async def test_a_message_can_fail_after_it_was_accepted(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    telling_graph.fail(Fault(fail_status=131047))

    assert isinstance(await send(telling_graph, "row-1"), Accepted)

    update = await told(callback)
    assert update.status == "failed"
    assert [error.code for error in update.errors] == [131047]


async def test_a_lost_answer_is_settled_by_the_status(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    telling_graph.fail(Fault(drop_after_accept=True))

    await send(telling_graph, "row-9")

    assert (await told(callback)).callback_data == "row-9"


async def test_a_callback_that_fails_is_told_again(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    callback.answers = [500]

    await send(telling_graph, "row-1")

    assert [(await told(callback)).status for _ in range(3)] == ["sent", "delivered", "read"]


async def test_statuses_of_one_customer_can_be_held_and_released(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    telling_graph.statuses.hold(ANA.wa_id)
    await send(telling_graph, "ana")
    await send(telling_graph, "bea", BEA)
    await telling_graph.statuses.settled()

    assert {(await told(callback)).callback_data for _ in range(3)} == {"bea"}
    assert callback.received.empty()

    telling_graph.statuses.release(ANA.wa_id)
    assert {(await told(callback)).callback_data for _ in range(3)} == {"ana"}


async def test_all_statuses_can_be_held_and_released(
    telling_graph: StandInGraph, callback: Callback
) -> None:
    telling_graph.statuses.hold()
    await send(telling_graph, "ana")
    await telling_graph.statuses.settled()
    assert callback.received.empty()

    telling_graph.statuses.release()
    assert (await told(callback)).callback_data == "ana"


async def test_a_single_status_can_be_told_by_hand(callback: Callback) -> None:
    config = GraphConfig(numbers=(SHOP,), app_secret=SECRET, callback_url=callback.url)
    async with StandInGraph(config) as graph:
        await send(graph, "row-1")
        await graph.statuses.settled()
        assert callback.received.empty()

        assert await graph.statuses.tell(graph.messages[0], "delivered")

    assert (await told(callback)).status == "delivered"


async def test_statuses_go_no_further_than_asked(callback: Callback) -> None:
    config = GraphConfig(
        numbers=(SHOP,),
        app_secret=SECRET,
        callback_url=callback.url,
        statuses=StatusLevel.SENT,
    )
    async with StandInGraph(config) as graph:
        await send(graph, "row-1")
        await graph.statuses.settled()

    assert (await told(callback)).status == "sent"
    assert callback.received.empty()


async def test_nothing_is_told_without_a_callback(graph: StandInGraph) -> None:
    assert isinstance(await send(graph, "row-1"), Accepted)
    await graph.statuses.settled()

    assert (graph.statuses.delivered, graph.statuses.lost) == (0, 0)
