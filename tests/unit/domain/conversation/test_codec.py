"""Memory as JSON and back."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.domain.chat import JITOMATE, NOON
from tests.unit.domain.samples import CART, HOME, MEMORIES, PIN, STATES
from wabot.domain.conversation.codec import memory_from_json, memory_to_json, step_name
from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.states import AskingQuantity, BrowsingProducts, Confirming
from wabot.domain.order import Attachment, Cart, CartLine

# What earlier versions did not store.
_LATER = ("unwelcomed", "noted_on", "pending")
FULL = Memory(
    state=Confirming(PIN, "0badcafe"),
    cart=Cart((*CART.lines[:1], CartLine(JITOMATE.id, 3, "bien maduro ñ 👍", native=True))),
    attachments=(Attachment("m1", "image", "recibo"),),
    misses=2,
    expires_at=NOON,
    delivery=HOME,
    phone_asked=True,
    unwelcomed=True,
    noted_on=date(2026, 3, 2),
    pending=(AskingQuantity(JITOMATE.id), BrowsingProducts(query="coca")),
    echo="0badcafe",
    echoes=2,
)


@pytest.mark.parametrize("memory", [*MEMORIES, FULL], ids=lambda memory: step_name(memory.state))
def test_every_memory_survives_json(memory: Memory) -> None:
    stored = json.loads(json.dumps(memory_to_json(memory)))
    assert memory_from_json(stored) == (memory, True)


def test_every_state_has_a_name_of_its_own() -> None:
    names = [step_name(states[0]) for states in STATES.values()]
    assert len(set(names)) == len(names)


def _changed(**changes: Any) -> dict[str, Any]:
    return {**memory_to_json(FULL), **changes}


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in memory_to_json(FULL).items() if name != key}


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        [],
        "text",
        7,
        _changed(version=2),
        _changed(version="1"),
        _changed(state={"name": "moon"}),
        _changed(state={"name": "quantity", "product_id": "x"}),
        _changed(state={"name": "quantity"}),
        _changed(state={"name": ["menu"]}),
        _changed(state=None),
        _changed(cart=[{"product_id": str(JITOMATE.id), "steps": 0, "note": "", "native": False}]),
        _changed(cart=[{"product_id": str(JITOMATE.id), "steps": True, "note": "", "native": 0}]),
        _changed(cart=[{"product_id": 5, "steps": 1, "note": "", "native": False}]),
        _changed(cart="abc"),
        _changed(cart=None),
        _changed(misses=-1),
        _changed(misses="2"),
        _changed(expires_at="yesterday"),
        _changed(expires_at="2026-03-02T10:00:00"),
        _changed(expires_at=10),
        _changed(delivery={"kind": "drone"}),
        _changed(delivery={**memory_to_json(FULL)["delivery"], "latitude": "north"}),
        _changed(delivery={**memory_to_json(FULL)["delivery"], "latitude": float("inf")}),
        _changed(phone_asked="yes"),
        *(_without(key) for key in memory_to_json(FULL) if key not in _LATER),
        _changed(noted_on="2 de marzo"),
        _changed(pending=[{"name": "menu"}]),
        _changed(pending="abc"),
    ],
)
def test_what_cannot_be_read_becomes_a_fresh_memory_and_is_told(stored: object) -> None:
    assert memory_from_json(stored) == (Memory(), False)


def test_moments_keep_their_time_zone() -> None:
    memory = Memory(expires_at=datetime(2026, 3, 2, 10, 0, 0, 5, tzinfo=UTC))
    assert memory_from_json(memory_to_json(memory))[0].expires_at == memory.expires_at


def test_a_memory_stored_before_some_of_it_was_known_is_still_read() -> None:
    plain = memory_to_json(FULL)
    for key in _LATER:
        del plain[key]
    assert memory_from_json(plain) == (
        replace(FULL, unwelcomed=False, noted_on=None, pending=()),
        True,
    )
