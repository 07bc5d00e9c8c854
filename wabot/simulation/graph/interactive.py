"""Meta's rules for interactive messages."""

from collections.abc import Callable, Mapping
from typing import Any

from wabot.simulation.graph.checks import (
    INVALID,
    PARAMETER,
    array,
    obj,
    one_of,
    required,
    text,
    unique,
)
from wabot.simulation.graph.refusals import Refusal

Parts = Mapping[str, Any]


def check_interactive(parts: Parts) -> None:
    """Refuse an interactive object that Meta would refuse."""
    kind = one_of(required(parts, "type", "interactive."), "interactive['type']", _KINDS)
    _KINDS[kind](parts)


def _buttons(parts: Parts) -> None:
    _frame(parts, body=1024, media=True)
    buttons = array(required(_action(parts), "buttons", "action."), "buttons", 1, 3)
    replies = []
    for button in buttons:
        one_of(obj(button, "button").get("type"), "button['type']", {"reply"})
        replies.append(obj(required(button, "reply", "button."), "button['reply']"))
    ids = [text(required(reply, "id", "reply."), "Button id", 256) for reply in replies]
    titles = [text(required(reply, "title", "reply."), "Button title", 20) for reply in replies]
    if any(identifier != identifier.strip() for identifier in ids):
        raise Refusal(INVALID, "Button id cannot have leading or trailing spaces")
    unique(ids, "Button ids")
    unique(titles, "Button titles")


def _list(parts: Parts) -> None:
    _frame(parts, body=4096, media=False)
    action = _action(parts)
    text(required(action, "button", "action."), "List button", 20)
    sections = array(required(action, "sections", "action."), "sections", 1, 10)
    ids: list[str] = []
    for section in sections:
        ids += _rows(obj(section, "section"), alone=len(sections) == 1)
    if len(ids) > 10:
        raise Refusal(INVALID, "Total row count exceed max allowed count: 10")
    unique(ids, "Row ids")


def _rows(section: Parts, *, alone: bool) -> list[str]:
    if not alone or "title" in section:
        text(required(section, "title", "section."), "Section title", 24)
    ids = []
    for entry in array(required(section, "rows", "section."), "rows", 1, 10):
        row = obj(entry, "row")
        ids.append(text(required(row, "id", "row."), "Row id", 200))
        text(required(row, "title", "row."), "Row title", 24)
        if "description" in row:
            text(row["description"], "Row description", 72)
    return ids


def _cta_url(parts: Parts) -> None:
    _frame(parts, body=1024, media=True)
    parameters = obj(required(_named(parts, "cta_url"), "parameters", "action."), "parameters")
    text(required(parameters, "display_text", "parameters."), "Display text", 20)
    url = text(required(parameters, "url", "parameters."), "URL", 2000)
    if not url.startswith(("https://", "http://")):
        raise Refusal(INVALID, "URL must be an http or https address")


def _location_request(parts: Parts) -> None:
    _bare(parts)
    _named(parts, "send_location")


def _contact_request(parts: Parts) -> None:
    _bare(parts)
    _named(parts, "request_contact_info")


def _bare(parts: Parts) -> None:
    for part in ("header", "footer"):
        if part in parts:
            raise Refusal(PARAMETER, f"Unexpected key {part!r} on param interactive.")
    _frame(parts, body=1024, media=False)


def _action(parts: Parts) -> Parts:
    return obj(required(parts, "action", "interactive."), "interactive['action']")


def _named(parts: Parts, name: str) -> Parts:
    action = _action(parts)
    one_of(required(action, "name", "action."), "action['name']", {name})
    return action


def _frame(parts: Parts, *, body: int, media: bool) -> None:
    shown = obj(required(parts, "body", "interactive."), "interactive['body']")
    text(required(shown, "text", "interactive.body."), "Body text", body)
    if "footer" in parts:
        footer = obj(parts["footer"], "interactive['footer']")
        text(required(footer, "text", "interactive.footer."), "Footer text", 60)
    if "header" in parts:
        _header(obj(parts["header"], "interactive['header']"), media=media)


def _header(header: Parts, *, media: bool) -> None:
    kinds = {"text", "image", "video", "document"} if media else {"text"}
    kind = one_of(required(header, "type", "header."), "header['type']", kinds)
    content = required(header, kind, "header.")
    if kind == "text":
        text(content, "Header text", 60)
    else:
        obj(content, f"header['{kind}']")


_KINDS: Mapping[str, Callable[[Parts], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _cta_url,
    "location_request_message": _location_request,
    "contact_request": _contact_request,
}
