"""What a customer does next, from what the bot just showed: towards an order, by varied ways."""

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from wabot.simulation.inbound_payloads import button_tap, row_tap, text
from wabot.texts import load_texts

Content = tuple[str, Mapping[str, Any]]

# By text key, the nearest to an order first.
_TOWARDS = (
    "option.confirm",
    "option.pickup",
    "option.finish",
    "option.finish_order",
    "option.anew",
    "option.order",
    "option.catalog",
)
_AWAY = (
    "option.person",
    "option.status",
    "option.cart",
    "option.menu",
    "option.add_more",
    "option.change_lines",
    "option.cancel",
)
_ORDER_CODE = re.compile(r"\bP-\d+\b")
_GREETINGS = ("hola", "buenas", "menu")


def next_move(answer: Mapping[str, Any] | None, chance: Random) -> Content:
    """Return the next message; without an answer the customer greets."""
    options = _options(answer) if answer else ()
    titles = {title: (kind, option) for kind, option, title in options}
    texts = load_texts()
    for title in map(texts.say, _TOWARDS):
        if title in titles:
            return _tap(*titles[title], title)
    away = set(map(texts.say, _AWAY))
    forward = [found for found in options if found[2] not in away]
    if not forward:
        return text(chance.choice(_GREETINGS))
    kind, option, title = chance.choice(forward)
    return _tap(kind, option, title)


def confirms(content: Content) -> bool:
    """Tell whether a message is the yes to an order."""
    reply = content[1].get("interactive", {}).get("button_reply", {})
    return bool(reply.get("title") == load_texts().say("option.confirm"))


def ends_in_order(answer: Mapping[str, Any]) -> bool:
    """Tell whether the answer confirms an order: it names its code and offers no confirmation."""
    titles = [title for _, _, title in _options(answer)]
    return load_texts().say("option.confirm") not in titles and bool(
        _ORDER_CODE.search(_words(answer))
    )


def _tap(kind: str, option: str, title: str) -> Content:
    return button_tap(option, title) if kind == "button" else row_tap(option, title)


def _options(answer: Mapping[str, Any]) -> Sequence[tuple[str, str, str]]:
    action = answer.get("interactive", {}).get("action", {})
    buttons = [b["reply"] for b in action.get("buttons", ())]
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return [("button", b["id"], b["title"]) for b in buttons] + [
        ("row", row["id"], row["title"]) for row in rows
    ]


def _words(answer: Mapping[str, Any]) -> str:
    if answer.get("type") == "text":
        return str(answer["text"]["body"])
    return str(answer.get("interactive", {}).get("body", {}).get("text", ""))
