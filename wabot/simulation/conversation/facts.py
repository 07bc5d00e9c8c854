"""What `!` lines can claim, and how a claim is compared with what the database says.

Observed facts are texts by subject and key; `Book` reads them.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Protocol

from wabot.simulation.conversation.script import Fact

_KNOWN = {
    "order": (
        *("code", "lines", "total", "status", "delivery", "address", "history", "attachments"),
        "problem",
    ),
    "orders": ("orders",),
    "item": ("",),
    "stock": ("",),
    "session": ("state", "active"),
    "customer": ("name", "phone", "wa_id", "addresses", "address"),
    "pause": ("pause",),
    "usage": ("messages",),
}
_BY_SKU = {"item", "stock"}
NONE = "none"


class Book(Protocol):
    """What the database says of the current customer and the shop."""

    async def facts(self, subject: str, keys: tuple[str, ...]) -> dict[str, str]:
        """Return the observed values; `order` without any order has none."""


def check_fact(fact: Fact) -> None:
    """Raise ValueError unless the fact is one that can be looked up."""
    known = _KNOWN.get(fact.subject)
    if known is None:
        raise ValueError(f"unknown fact {fact.subject!r}; known: {', '.join(sorted(_KNOWN))}")
    if not fact.wanted:
        raise ValueError(f"! {fact.subject} claims nothing")
    for key, value in fact.wanted:
        if fact.subject in _BY_SKU:
            if not key or not re.fullmatch(r"\d+(\.\d+)?", value):
                raise ValueError(f"it is written: ! {fact.subject} SKU=2.5")
        elif not key:
            _check_word(fact.subject, value)
        elif key not in known:
            raise ValueError(f"! {fact.subject} knows: {', '.join(known)}")


def _check_word(subject: str, word: str) -> None:
    allowed = {"order": (NONE,), "pause": ("on", "off")}.get(subject, ())
    if word not in allowed:
        raise ValueError(f"! {subject} {word}: {word!r} is no key=value")


async def observe(fact: Fact, book: Book) -> tuple[tuple[str, str], ...]:
    """Return what the database says to each claim; equal values come back as they were written."""
    wanted = [(key or fact.subject, value) for key, value in fact.wanted]
    observed = await book.facts(fact.subject, tuple(key for key, _ in wanted))
    if fact.subject == "order" and not observed:
        return (("", NONE),)
    if any(key == "" and value == NONE for key, value in fact.wanted):
        return tuple(observed.items())
    return tuple(
        (key, value if same(value, observed.get(name, NONE)) else observed.get(name, NONE))
        for (key, value), (name, _) in zip(fact.wanted, wanted, strict=True)
    )


def write_fact(subject: str, values: tuple[tuple[str, str], ...]) -> str:
    """Write a fact as `.chat` files do."""
    if len(values) == 1 and values[0][0] == subject:
        return f"! {subject}={_quoted(values[0][1])}"
    pairs = [f"{key}={_quoted(value)}" if key else value for key, value in values]
    return f"! {subject} {' '.join(pairs)}"


def same(wanted: str, observed: str) -> bool:
    """Compare as numbers where both are numbers, else letter by letter."""
    try:
        return Decimal(wanted) == Decimal(observed)
    except InvalidOperation:
        return wanted == observed


def _quoted(value: str) -> str:
    if value and not re.search(r'[\s"]', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
