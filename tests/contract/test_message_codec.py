"""Messages survive storage; what cannot be read is named."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.contract.messages import messages
from wabot.domain.message import OutboundMessage
from wabot.domain.message_codec import decode_message, encode_message
from wabot.errors import InvalidInput


@given(messages)
def test_a_stored_message_comes_back_the_same(message: OutboundMessage) -> None:
    assert decode_message(json.loads(json.dumps(encode_message(message)))) == message


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"type": "text"},
        {"type": "text", "body": 7},
        {"type": "text", "body": ""},
        {"type": "hologram", "body": "hola"},
        {"type": "buttons", "body": "hola", "buttons": "none"},
        {"type": "buttons", "body": "hola", "buttons": [7]},
        {"type": "list", "body": "hola", "button": "Ver", "sections": [{"title": ""}]},
        [],
        None,
    ],
)
def test_a_stored_message_that_cannot_be_read_is_named(stored: Any) -> None:
    with pytest.raises(InvalidInput, match="stored message") as refused:
        decode_message(stored)

    assert refused.value.hint
