"""Outgoing messages as plain JSON values, for rows that wait to be sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from wabot.domain.message import (
    Button,
    ButtonsMessage,
    ContactRequest,
    ListMessage,
    LocationRequest,
    MessageLimitError,
    OutboundMessage,
    Row,
    Section,
    TemplateMessage,
    TextMessage,
)
from wabot.errors import InvalidInput

KINDS: dict[type[OutboundMessage], str] = {
    TextMessage: "text",
    ButtonsMessage: "buttons",
    ListMessage: "list",
    LocationRequest: "location_request",
    ContactRequest: "contact_request",
    TemplateMessage: "template",
}
"""What each kind of message is called where it is stored and counted."""


def encode_message(message: OutboundMessage) -> dict[str, Any]:
    """Return the message as a JSON object that `decode_message` turns into the same message."""
    match message:
        case TextMessage(body):
            return {"type": "text", "body": body}
        case ButtonsMessage(body, buttons):
            plain = [{"id": button.id, "title": button.title} for button in buttons]
            return {"type": "buttons", "body": body, "buttons": plain}
        case ListMessage(body, button, sections):
            groups = [_encode_section(section) for section in sections]
            return {"type": "list", "body": body, "button": button, "sections": groups}
        case LocationRequest(body):
            return {"type": "location_request", "body": body}
        case ContactRequest(body):
            return {"type": "contact_request", "body": body}
        case TemplateMessage(name, language, parameters):
            named = {"type": "template", "name": name, "language": language}
            return {**named, "parameters": list(parameters)}


def decode_message(plain: Mapping[str, Any]) -> OutboundMessage:
    """Rebuild a stored message.

    Raises InvalidInput when the value is none of ours, e.g. written by a newer version.
    """
    try:
        return _decode(plain)
    except (AttributeError, KeyError, TypeError, MessageLimitError) as error:
        raise InvalidInput(
            f"a stored message cannot be read: {type(error).__name__} {error}",
            hint="it may have been written by a newer version of wabot; deploy that one",
        ) from error


def _decode(plain: Mapping[str, Any]) -> OutboundMessage:
    if plain["type"] == "template":
        parameters = tuple(_text(value) for value in _list(plain["parameters"]))
        return TemplateMessage(_text(plain["name"]), _text(plain["language"]), parameters)
    body = _text(plain["body"])
    match plain["type"]:
        case "text":
            return TextMessage(body)
        case "buttons":
            buttons = [Button(_text(b["id"]), _text(b["title"])) for b in _list(plain["buttons"])]
            return ButtonsMessage(body, tuple(buttons))
        case "list":
            sections = tuple(_decode_section(s) for s in _list(plain["sections"]))
            return ListMessage(body, _text(plain["button"]), sections)
        case "location_request":
            return LocationRequest(body)
        case "contact_request":
            return ContactRequest(body)
        case other:
            raise TypeError(f"unknown type {other!r}")


def _encode_section(section: Section) -> dict[str, Any]:
    rows = [{"id": r.id, "title": r.title, "description": r.description} for r in section.rows]
    return {"title": section.title, "rows": rows}


def _decode_section(plain: Mapping[str, Any]) -> Section:
    rows = [
        Row(_text(r["id"]), _text(r["title"]), _text(r["description"]))
        for r in _list(plain["rows"])
    ]
    return Section(tuple(rows), _text(plain["title"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text belongs")
    return value


def _list(value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} where a list belongs")
    return value
