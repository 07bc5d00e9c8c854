"""Numbers, tokens, media, subscriptions, and the stand-in's own controls."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.contract.conftest import NUMBER, SHOP, TOKEN
from wabot.domain.delivery import Accepted, Rejected
from wabot.domain.message import Recipient, TextMessage
from wabot.errors import Conflict
from wabot.gateways.whatsapp import GraphClient
from wabot.gateways.whatsapp.errors import GraphFailure
from wabot.simulation.graph import Fault, GraphConfig, StandInGraph, run

HELLO = TextMessage("hola")


@pytest.fixture
async def session(graph: StandInGraph) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(graph.url, headers=headers) as opened:
        yield opened


async def ask(session: aiohttp.ClientSession, method: str, path: str, **body: Any) -> Any:
    async with session.request(method, path, json=body or None) as response:
        return response.status, await response.json()


async def test_a_number_tells_its_state(client: GraphClient) -> None:
    facts = await client.phone_number(NUMBER, TOKEN)

    assert facts["id"] == NUMBER
    assert facts["status"] == "CONNECTED"
    assert facts["health_status"]["can_send_message"] == "AVAILABLE"


async def test_an_unknown_number_is_refused_in_metas_way(client: GraphClient) -> None:
    with pytest.raises(GraphFailure, match="does not exist") as refused:
        await client.phone_number("106599999999999", TOKEN)

    assert refused.value.error is not None
    assert (refused.value.error.code, refused.value.error.subcode) == (100, 33)
    assert not refused.value.retryable


async def test_an_unknown_field_is_refused(session: aiohttp.ClientSession) -> None:
    status, answer = await ask(session, "GET", f"/v26.0/{NUMBER}?fields=id,shoe_size")

    assert status == 400
    assert "shoe_size" in answer["error"]["error_data"]["details"]


async def test_a_token_tells_its_permissions(client: GraphClient) -> None:
    facts = await client.debug_token(TOKEN)

    assert facts["is_valid"] is True
    assert facts["expires_at"] == 0
    assert "whatsapp_business_messaging" in facts["scopes"]
    assert facts["granular_scopes"][0]["target_ids"] == [SHOP.waba_id]


async def test_the_app_can_ask_about_a_dead_token(client: GraphClient) -> None:
    facts = await client.debug_token("EAAdead0123456789", "100200300400|secret")

    assert facts["is_valid"] is False


async def test_a_dead_token_cannot_ask_about_itself(client: GraphClient) -> None:
    with pytest.raises(GraphFailure) as refused:
        await client.debug_token("EAAdead0123456789")

    assert refused.value.error is not None
    assert refused.value.error.code == 190
    assert "EAAdead" not in str(refused.value)


async def test_media_is_fetched_in_two_steps_with_the_token(
    client: GraphClient, graph: StandInGraph, session: aiohttp.ClientSession
) -> None:
    media_id = graph.add_media(b"a picture", "image/jpeg")

    media = await client.media_url(media_id, TOKEN, NUMBER)

    assert (media.mime_type, media.size) == ("image/jpeg", 9)
    async with session.get(media.url) as response:
        assert await response.read() == b"a picture"
    async with aiohttp.ClientSession() as stranger, stranger.get(media.url) as response:
        assert response.status == 401


async def test_an_address_of_media_dies_after_five_minutes() -> None:
    now = [1000.0]
    config = GraphConfig(timer=lambda: now[0])
    async with StandInGraph(config) as graph, GraphClient(graph.url, "v26.0") as client:
        media = await client.media_url(graph.add_media(b"x", "image/jpeg"), TOKEN)
        now[0] += 301
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(media.url) as response,
        ):
            assert response.status == 404


async def test_unknown_media_is_refused(client: GraphClient) -> None:
    with pytest.raises(GraphFailure, match="does not exist"):
        await client.media_url("123", TOKEN)


async def test_a_query_that_nobody_answers_can_be_tried_again(graph: StandInGraph) -> None:
    await graph.stop()
    async with GraphClient(graph.url, "v26.0") as client:
        with pytest.raises(GraphFailure) as refused:
            await client.phone_number(NUMBER, TOKEN)

    assert refused.value.retryable
    assert TOKEN not in str(refused.value)


async def test_a_subscription_is_made_listed_and_ended(session: aiohttp.ClientSession) -> None:
    path = f"/v26.0/{SHOP.waba_id}/subscribed_apps"

    assert await ask(session, "GET", path) == (200, {"data": []})
    assert await ask(session, "POST", path) == (200, {"success": True})
    _, listed = await ask(session, "GET", path)
    assert listed["data"][0]["whatsapp_business_api_data"]["id"] == "100200300400"
    await ask(session, "DELETE", path)
    assert await ask(session, "GET", path) == (200, {"data": []})
    assert (await ask(session, "GET", "/v26.0/1/subscribed_apps"))[0] == 400


async def test_a_message_is_marked_as_read_with_a_typing_indicator(
    session: aiohttp.ClientSession, graph: StandInGraph
) -> None:
    receipt = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.X",
        "typing_indicator": {"type": "text"},
    }
    path = f"/v26.0/{NUMBER}/messages"

    assert await ask(session, "POST", path, **receipt) == (200, {"success": True})
    assert graph.messages == ()
    status, answer = await ask(session, "POST", path, **receipt | {"message_id": "X"})
    assert (status, answer["error"]["code"]) == (400, 131009)


@pytest.mark.parametrize("path", ["/", "/v26.0/", "/nowhere", f"/v26.0/{NUMBER}/nowhere"])
async def test_a_path_that_graph_does_not_have_is_an_error_in_its_shape(
    path: str, session: aiohttp.ClientSession
) -> None:
    status, answer = await ask(session, "GET", path)

    assert (status, answer["error"]["code"]) == (400, 2500)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}"])
async def test_without_its_token_a_number_sends_nothing(
    authorization: str, graph: StandInGraph
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    async with aiohttp.ClientSession(graph.url, headers=headers) as stranger:
        status, answer = await ask(stranger, "POST", f"/v26.0/{NUMBER}/messages", to="+1")

    assert (status, answer["error"]["code"]) == (401, 190)


async def test_faults_are_asked_for_over_http_and_used_up(
    client: GraphClient, session: aiohttp.ClientSession
) -> None:
    asked = {"code": 131056, "count": 2, "recipient": "+5215550100001"}
    assert (await ask(session, "POST", "/_control/faults", **asked))[0] == 201

    outcomes = [
        await client.send(NUMBER, TOKEN, Recipient(wa_id=wa_id), HELLO, "")
        for wa_id in ("5215550100002", *["5215550100001"] * 3)
    ]

    assert [type(o) for o in outcomes] == [Accepted, Rejected, Rejected, Accepted]
    assert await ask(session, "GET", "/_control/faults") == (200, {"faults": []})


async def test_a_fault_of_one_number_spares_the_others(graph: StandInGraph) -> None:
    graph.fail(Fault(code=131000, count=0, phone_number_id="1"))

    async with GraphClient(graph.url, "v26.0") as client:
        outcome = await client.send(NUMBER, TOKEN, Recipient(wa_id="5215550100001"), HELLO, "")

    assert isinstance(outcome, Accepted)


async def test_a_lasting_fault_ends_when_it_is_cleared(
    client: GraphClient, session: aiohttp.ClientSession
) -> None:
    await ask(session, "POST", "/_control/faults", http=503, count=0)
    ana = Recipient(wa_id="5215550100001")
    for _ in range(3):
        assert isinstance(await client.send(NUMBER, TOKEN, ana, HELLO, ""), Rejected)

    await ask(session, "DELETE", "/_control/faults")

    assert isinstance(await client.send(NUMBER, TOKEN, ana, HELLO, ""), Accepted)


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"code": 1, "http": 500},
        {"code": "1"},
        {"code": True},
        {"drop": 1},
        {"drop": False},
        {"count": 3},
        {"code": 1, "count": -1},
        {"explode": True},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(
    fault: dict[str, Any], session: aiohttp.ClientSession
) -> None:
    async with session.post("/_control/faults", json=fault) as response:
        assert response.status == 400
        assert (await response.json())["error"]["error_data"]["details"]


async def test_accepted_messages_are_listed_over_http(
    client: GraphClient, session: aiohttp.ClientSession
) -> None:
    for word in ("uno", "dos", "tres"):
        ana = Recipient(wa_id="5215550100001")
        await client.send(NUMBER, TOKEN, ana, TextMessage(word), f"row-{word}")

    _, listed = await ask(session, "GET", "/_control/messages?after=1")

    assert [m["body"]["text"]["body"] for m in listed["messages"]] == ["dos", "tres"]
    assert [m["callback_data"] for m in listed["messages"]] == ["row-dos", "row-tres"]
    assert listed["total"] == 3
    await ask(session, "DELETE", "/_control/messages")
    assert (await ask(session, "GET", "/_control/messages"))[1]["messages"] == []


async def test_statuses_are_held_and_released_over_http(session: aiohttp.ClientSession) -> None:
    assert (await ask(session, "POST", "/_control/statuses/hold", key="row-1"))[0] == 200
    assert (await ask(session, "POST", "/_control/statuses/release"))[0] == 200
    assert (await ask(session, "POST", "/_control/statuses/hold", key=7))[0] == 400


async def test_only_the_latest_messages_are_remembered() -> None:
    async with (
        StandInGraph(GraphConfig(kept=2)) as graph,
        GraphClient(graph.url, "v26.0") as client,
    ):
        for word in ("uno", "dos", "tres"):
            await client.send("1", TOKEN, Recipient(wa_id="5215550100001"), TextMessage(word), "")

        assert [message.text for message in graph.messages] == ["dos", "tres"]
        assert graph.journal.total == 3


async def test_a_taken_port_is_reported_with_a_way_out(graph: StandInGraph) -> None:
    with pytest.raises(Conflict, match="port") as refused:
        await StandInGraph().start(port=int(graph.url.rsplit(":", 1)[1]))

    assert refused.value.hint


async def test_it_serves_until_it_is_cancelled() -> None:
    listening: asyncio.Queue[str] = asyncio.Queue()
    serving = asyncio.create_task(run(GraphConfig(), ready=listening.put_nowait))
    url = await asyncio.wait_for(listening.get(), 5)

    async with GraphClient(url, "v26.0") as client:
        assert (await client.phone_number("42", TOKEN))["id"] == "42"
        serving.cancel()
        await asyncio.wait([serving])
        with pytest.raises(GraphFailure):
            await client.phone_number("42", TOKEN)


async def test_files_are_added_and_spoilt_over_http(
    client: GraphClient, session: aiohttp.ClientSession
) -> None:
    async with session.post(
        "/_control/media", data=b"pdf", headers={"Content-Type": "application/pdf"}
    ) as response:
        assert response.status == 201
        media_id = (await response.json())["id"]
    found = await client.media_url(media_id, TOKEN, NUMBER)
    assert (found.mime_type, found.size) == ("application/pdf", 3)
    assert (await ask(session, "POST", "/_control/media/faults", told_size=7))[0] == 201
    assert (await client.media_url(media_id, TOKEN, NUMBER)).size == 7
    assert (await ask(session, "POST", "/_control/media/faults", http=500, step="locate"))[0] == 201
    assert (await ask(session, "DELETE", "/_control/media/faults"))[0] == 200
    assert (await client.media_url(media_id, TOKEN, NUMBER)).size == 3


@pytest.mark.parametrize("fault", [{"http": "500"}, {"nonsense": 1}, {"drop": 1}])
async def test_a_fault_of_files_that_cannot_be_is_refused(
    fault: dict[str, Any], session: aiohttp.ClientSession
) -> None:
    assert (await ask(session, "POST", "/_control/media/faults", **fault))[0] == 400


async def test_an_app_is_told_which_address_its_webhooks_go_to() -> None:
    config = GraphConfig(app_id="12345", app_secret="secret", callback_url="https://b.example/w")
    async with StandInGraph(config) as graph, GraphClient(graph.url, "v26.0") as client:
        (found,) = await client.app_subscriptions("12345", "secret")
        with pytest.raises(GraphFailure, match="Invalid OAuth"):
            await client.app_subscriptions("12345", "another-secret")

    assert found["callback_url"] == "https://b.example/w"
    assert {"name": "messages", "version": "v26.0"} in found["fields"]


async def test_a_file_of_any_size_that_whatsapp_carries_can_be_put_there(
    session: aiohttp.ClientSession,
) -> None:
    large = bytes(6 * 1024 * 1024)
    headers = {"Content-Type": "application/pdf"}
    async with session.post("/_control/media", data=io.BytesIO(large), headers=headers) as response:
        assert response.status == 201
        media_id = (await response.json())["id"]
    status, found = await ask(session, "GET", f"/v26.0/{media_id}")
    assert (status, found["file_size"], found["mime_type"]) == (200, len(large), "application/pdf")
