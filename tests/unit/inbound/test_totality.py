"""Whatever arrives, items come out; what is stored comes back the same."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given

from tests.payloads import load, names
from tests.payloads.spoilt import anything, bodies, mutated
from wabot.domain.inbound import Malformed, item_from_json, parse_webhook

RECEIVED = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)


def holds(body: Any) -> None:
    for item in parse_webhook(body, RECEIVED):
        stored = orjson.dumps(item.to_json())
        assert b"\\u0000" not in stored
        assert item_from_json(orjson.loads(stored)) == item
        assert len(item.dedup_key) <= 1000
        assert item.kind
        assert item.occurred_at.tzinfo is not None


@given(anything)
def test_any_json_at_all_gives_items(body: Any) -> None:
    holds(body)


@given(mutated())
def test_a_spoilt_webhook_gives_items(body: Any) -> None:
    holds(body)


@given(anything)
def test_any_value_in_a_webhook_gives_items(value: Any) -> None:
    change = {"field": "messages", "value": value}
    holds({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


@given(anything)
def test_any_message_gives_one_item(raw: Any) -> None:
    value = {"metadata": {"phone_number_id": "1"}, "messages": [raw], "statuses": [raw]}
    change = {"field": "messages", "value": value}
    entry = {"id": "1", "changes": [change]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}

    assert len(parse_webhook(body, RECEIVED)) == 2
    holds(body)


@given(anything)
def test_reading_a_foreign_row_never_raises(stored: Any) -> None:
    item_from_json(stored)


@pytest.mark.parametrize("name", names())
def test_a_stored_item_comes_back_the_same(name: str) -> None:
    found = parse_webhook(bodies[name], RECEIVED)

    assert found
    for item in found:
        assert item_from_json(json.loads(json.dumps(item.to_json()))) == item


def test_a_row_of_an_unknown_kind_is_malformed() -> None:
    [item] = parse_webhook(load("text"), RECEIVED)
    stored = item.to_json() | {"reader": "telepathy"}

    assert isinstance(item_from_json(stored), Malformed)


def test_nesting_beyond_reason_is_cut() -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = {"a": deep}
    body = load("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["deep"] = deep

    holds(body)
