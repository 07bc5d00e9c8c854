"""The stand-in refuses what Meta refuses, with Meta's shape and code."""

import contextlib
import copy
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.conftest import NUMBER, TOKEN
from tests.contract.messages import messages
from wabot.domain.message import OutboundMessage, Recipient
from wabot.gateways.whatsapp.payloads import message_body
from wabot.simulation.graph import StandInGraph
from wabot.simulation.graph.messages import check_message
from wabot.simulation.graph.refusals import Refusal

Body = dict[str, Any]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as opened:
        yield opened


def envelope(kind: str, content: Body) -> Body:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+5215550100001",
        "type": kind,
        kind: content,
    }


def text(body: Any = "hola") -> Body:
    return envelope("text", {"body": body})


def interactive(kind: str, action: Body, **parts: Any) -> Body:
    content = {"type": kind, "body": {"text": "Elige"}, "action": action, **parts}
    return envelope("interactive", content)


def buttons(*titles: str, ids: tuple[str, ...] = (), **parts: Any) -> Body:
    named = ids or tuple(f"id-{n}" for n in range(len(titles)))
    replies = [
        {"type": "reply", "reply": {"id": i, "title": t}}
        for i, t in zip(named, titles, strict=True)
    ]
    return interactive("button", {"buttons": replies}, **parts)


def rows(count: int, start: int = 0) -> list[Body]:
    return [{"id": f"row-{n}", "title": f"Fila {n}"} for n in range(start, start + count)]


def listing(*sections: Body, button: str = "Ver", **parts: Any) -> Body:
    return interactive("list", {"button": button, "sections": list(sections)}, **parts)


def section(content: list[Body], title: str = "Frutas") -> Body:
    return {"title": title, "rows": content}


def without(body: Body, *path: str) -> Body:
    spoilt = copy.deepcopy(body)
    place = spoilt
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return spoilt


FINE: dict[str, Body] = {
    "text": text(),
    "text of the longest": text("x" * 4096),
    "text with emoji counted as characters": text("👍" * 4096),
    "text to a written number": text() | {"to": "+52 1 (555) 010-0001"},
    "three buttons": buttons("Uno", "Dos", "Tres"),
    "button titles of the longest": buttons("á" * 20),
    "buttons with header and footer": buttons(
        "Sí", header={"type": "text", "text": "Pedido"}, footer={"text": "Gracias"}
    ),
    "buttons under an image": buttons("Sí", header={"type": "image", "image": {"id": "1"}}),
    "ten rows": listing({"rows": rows(10)}),
    "ten rows in two sections": listing(section(rows(5)), section(rows(5, 5), "Verduras")),
    "list with the longest body": listing({"rows": rows(1)}, body={"text": "x" * 4096}),
    "location request": interactive("location_request_message", {"name": "send_location"}),
    "contact request": interactive("contact_request", {"name": "request_contact_info"}),
    "link": interactive(
        "cta_url",
        {"name": "cta_url", "parameters": {"display_text": "Ver", "url": "https://x.example"}},
    ),
    "image": envelope("image", {"link": "https://x.example/a.jpg", "caption": "hola"}),
    "location": envelope("location", {"latitude": 19.4, "longitude": "-99.1"}),
    "contact": text() | {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ana"}}]},
    "reaction": envelope("reaction", {"message_id": "wamid.X", "emoji": ""}),
    "template": envelope("template", {"name": "buenos_dias", "language": {"code": "es_MX"}}),
    "reply to a message": text() | {"context": {"message_id": "wamid.X"}},
    "callback data of the longest": text() | {"biz_opaque_callback_data": "x" * 512},
}

REFUSED: dict[str, tuple[int, str, Body]] = {
    "fourth button": (131009, "buttons", buttons("1", "2", "3", "4")),
    "no button": (131009, "buttons", buttons()),
    "title of 21": (131009, "Button title", buttons("x" * 21)),
    "empty title": (131009, "Button title", buttons("")),
    "blank title": (131009, "Button title", buttons("   ")),
    "equal titles": (131009, "unique", buttons("Sí", "Sí")),
    "equal button ids": (131009, "unique", buttons("Sí", "No", ids=("a", "a"))),
    "button id of 257": (131009, "Button id", buttons("Sí", ids=("x" * 257,))),
    "button id with a space": (131009, "spaces", buttons("Sí", ids=(" a",))),
    "button of another type": (
        100,
        "button['type']",
        interactive("button", {"buttons": [{"type": "url", "reply": {}}]}),
    ),
    "button body of 1025": (131009, "Body text", buttons("Sí", body={"text": "x" * 1025})),
    "empty body": (131009, "Body text", buttons("Sí", body={"text": ""})),
    "no body": (131008, "body", without(buttons("Sí"), "interactive", "body")),
    "no action": (131008, "action", without(buttons("Sí"), "interactive", "action")),
    "footer of 61": (131009, "Footer", buttons("Sí", footer={"text": "x" * 61})),
    "header of 61": (
        131009,
        "Header",
        buttons("Sí", header={"type": "text", "text": "x" * 61}),
    ),
    "image over a list": (
        100,
        "header['type']",
        listing({"rows": rows(1)}, header={"type": "image", "image": {"id": "1"}}),
    ),
    "eleventh row": (131009, "rows", listing({"rows": rows(11)})),
    "eleventh row over sections": (
        131009,
        "row count",
        listing(section(rows(6)), section(rows(5, 6), "Más")),
    ),
    "eleventh section": (
        131009,
        "sections",
        listing(*(section(rows(1, n), f"S{n}") for n in range(11))),
    ),
    "no rows": (131009, "rows", listing({"rows": []})),
    "row title of 25": (
        131009,
        "Row title",
        listing({"rows": [{"id": "a", "title": "x" * 25}]}),
    ),
    "row description of 73": (
        131009,
        "Row description",
        listing({"rows": [{"id": "a", "title": "A", "description": "x" * 73}]}),
    ),
    "empty row description": (
        131009,
        "Row description",
        listing({"rows": [{"id": "a", "title": "A", "description": ""}]}),
    ),
    "row id of 201": (131009, "Row id", listing({"rows": [{"id": "x" * 201, "title": "A"}]})),
    "row without id": (131008, "row.id", listing({"rows": [{"title": "A"}]})),
    "equal row ids": (131009, "unique", listing({"rows": rows(1) + rows(1)})),
    "sections without titles": (
        131008,
        "section.title",
        listing({"rows": rows(1)}, {"rows": rows(1, 1)}),
    ),
    "section title of 25": (131009, "Section title", listing(section(rows(1), "x" * 25))),
    "list button of 21": (131009, "List button", listing({"rows": rows(1)}, button="x" * 21)),
    "list body of 4097": (
        131009,
        "Body text",
        listing({"rows": rows(1)}, body={"text": "x" * 4097}),
    ),
    "text of 4097": (100, "text['body']", text("x" * 4097)),
    "empty text": (100, "text['body']", text("")),
    "text that is a number": (100, "must be a string", text(7)),
    "no text": (131008, "text", without(text(), "text")),
    "text body missing": (131008, "text.body", without(text(), "text", "body")),
    "no plus sign": (131009, "+", text() | {"to": "5215550100001"}),
    "letters in the number": (131009, "to", text() | {"to": "+52155501ANA"}),
    "a number too short": (131009, "to", text() | {"to": "+12"}),
    "a user id in to": (131009, "+", text() | {"to": "MX.7001"}),
    "a phone in recipient": (
        131009,
        "recipient",
        without(text(), "to") | {"recipient": "+5215550100001"},
    ),
    "nobody": (100, "to is required", without(text(), "to")),
    "no product": (100, "messaging_product", without(text(), "messaging_product")),
    "another product": (100, "messaging_product", text() | {"messaging_product": "telegram"}),
    "unknown type": (100, "type", text() | {"type": "hologram"}),
    "unknown interactive type": (100, "interactive['type']", interactive("hologram", {})),
    "callback data of 513": (
        100,
        "biz_opaque_callback_data",
        text() | {"biz_opaque_callback_data": "x" * 513},
    ),
    "reply to nothing": (131008, "message_id", text() | {"context": {}}),
    "location request with footer": (
        100,
        "footer",
        interactive(
            "location_request_message", {"name": "send_location"}, footer={"text": "abajo"}
        ),
    ),
    "location request with another action": (
        100,
        "action['name']",
        interactive("location_request_message", {"name": "send_money"}),
    ),
    "image without a file": (100, "id and link", envelope("image", {"caption": "hola"})),
    "caption of 1025": (100, "caption", envelope("image", {"id": "1", "caption": "x" * 1025})),
    "location off the globe": (
        131009,
        "latitude",
        envelope("location", {"latitude": 91, "longitude": 0}),
    ),
    "link label of 21": (
        131009,
        "Display text",
        interactive(
            "cta_url",
            {"name": "cta_url", "parameters": {"display_text": "x" * 21, "url": "https://a.b"}},
        ),
    ),
    "to the shop itself": (131021, "same", text() | {"to": "+15550100000"}),
}


async def post(session: aiohttp.ClientSession, graph: StandInGraph, body: Any) -> tuple[int, Any]:
    url = f"{graph.url}/v26.0/{NUMBER}/messages"
    async with session.post(url, json=body) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("name", FINE)
async def test_what_meta_takes_is_taken(
    name: str, session: aiohttp.ClientSession, graph: StandInGraph
) -> None:
    status, answer = await post(session, graph, FINE[name])

    assert status == 200, answer
    assert answer["messages"][0]["id"] == graph.messages[0].wamid
    assert answer["contacts"] == [{"input": FINE[name]["to"], "wa_id": "5215550100001"}]


@pytest.mark.parametrize("name", REFUSED)
async def test_what_meta_refuses_is_refused_with_its_code(
    name: str, session: aiohttp.ClientSession, graph: StandInGraph
) -> None:
    code, part, body = REFUSED[name]

    status, answer = await post(session, graph, body)

    assert status == 400
    error = answer["error"]
    assert error["code"] == code
    assert part in error["error_data"]["details"]
    assert error["message"].startswith(f"(#{code}) ")
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    assert graph.messages == ()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(
    raw: bytes, session: aiohttp.ClientSession, graph: StandInGraph
) -> None:
    async with session.post(f"{graph.url}/v26.0/{NUMBER}/messages", data=raw) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == 100


@given(messages)
def test_a_message_that_exists_is_one_the_stand_in_takes(message: OutboundMessage) -> None:
    check_message(message_body(Recipient(wa_id="5215550100001"), message, "row"))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(FINE)), st.data())
def test_a_spoilt_request_is_taken_or_refused_but_never_a_crash(
    name: str, data: st.DataObject
) -> None:
    body = copy.deepcopy(FINE[name])
    place: Any = body
    while True:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(anything)
            break
        place = place[key]
    with contextlib.suppress(Refusal):
        check_message(body)
