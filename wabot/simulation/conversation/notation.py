"""How `.chat` files write what a customer sends: words, `[option]`, `<audio>` …"""

import re
from collections.abc import Callable
from typing import assert_never

from wabot.simulation.conversation.contents import (
    Card,
    CartItem,
    Choice,
    Content,
    Deletion,
    Edit,
    File,
    NativeCart,
    Opening,
    Pin,
    Reaction,
    Text,
    Unreadable,
)

_TAG = re.compile(r"<([a-z]+)(?:\s+(.*))?>", re.DOTALL)
_OPTION = re.compile(r"\[(.+)\]")
_PIN = re.compile(r"(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)(?:\s+(.+))?")
_CART_LINE = re.compile(r"(\S+)\s+x(\d{1,6})(?:@(\d+(?:\.\d+)?))?(?:\s+|$)")


def read_content(written: str) -> Content:
    """Read what stands after `>`; ValueError says what is wrong with it."""
    option = _OPTION.fullmatch(written)
    if option:
        return Choice(option[1].strip())
    tag = _TAG.fullmatch(written)
    if tag:
        reader = _TAGS.get(tag[1])
        if reader is None:
            raise ValueError(f"unknown <{tag[1]}>; known: {', '.join(sorted(_TAGS))}")
        return reader((tag[2] or "").strip())
    if not written.strip():
        raise ValueError("nothing is said")
    bare = written.removeprefix("\\") if written[:2] in {"\\<", "\\["} else written
    return Text(bare.replace("\\n", "\n"))


def write_content(content: Content) -> str:  # noqa: C901 - one case per content
    """Write it so that `read_content` reads the same."""
    match content:
        case Text(body):
            line = body.replace("\n", "\\n")
            return f"\\{line}" if line.startswith(("<", "[")) else line
        case Choice(title, old):
            return f"<old {title}>" if old else f"[{title}]"
        case File(kind, caption):
            return _tag(kind, caption)
        case Pin(latitude, longitude, name):
            return _tag("location", f"{latitude},{longitude} {name}".strip())
        case Card(phone):
            return _tag("contact", phone)
        case NativeCart(items):
            return _tag("cart", " ".join(_cart_line(item) for item in items))
        case Reaction(emoji):
            return _tag("reaction", emoji)
        case Edit(body):
            return _tag("edit", body.replace("\n", "\\n"))
        case Deletion():
            return "<revoke>"
        case Opening():
            return "<open>"
        case Unreadable(kind):
            return "<unsupported>" if kind == "unsupported" else _tag("unknown", kind)
        case _ as never:
            assert_never(never)


def read_pin(written: str) -> Pin:
    """Read `19.43,-99.13`, with or without the place's name."""
    found = _PIN.fullmatch(written)
    if found is None:
        raise ValueError("a location is written like 19.43,-99.13")
    pin = Pin(float(found[1]), float(found[2]), found[3] or "")
    if abs(pin.latitude) > 90 or abs(pin.longitude) > 180:
        raise ValueError("a latitude is at most 90, a longitude at most 180")
    return pin


def read_card(written: str) -> Card:
    """Read a phone number."""
    if not re.fullmatch(r"\+?[0-9][0-9 ()-]{5,24}", written):
        raise ValueError("a contact is written like +525512345678")
    return Card(written)


def read_cart(written: str) -> NativeCart:
    """Read `SKU x2 OTHER x1@19.50`."""
    items, at = [], 0
    while at < len(written):
        line = _CART_LINE.match(written, at)
        if line is None:
            raise ValueError("a cart is written like DES-001 x2 BEB-001 x1@19.50")
        items.append(CartItem(line[1], int(line[2]), line[3] or ""))
        at = line.end()
    if not items:
        raise ValueError("the cart is empty")
    return NativeCart(tuple(items))


def _file(kind: str) -> Callable[[str], File]:
    return lambda caption: File(kind, caption)


def _said(written: str) -> str:
    if not written:
        raise ValueError("the words are missing")
    return written.replace("\\n", "\n")


_TAGS: dict[str, Callable[[str], Content]] = {
    **{kind: _file(kind) for kind in ("image", "audio", "video", "document", "sticker")},
    "location": read_pin,
    "contact": read_card,
    "cart": read_cart,
    "reaction": Reaction,
    "edit": lambda written: Edit(_said(written)),
    "revoke": lambda _: Deletion(),
    "open": lambda _: Opening(),
    "old": lambda written: Choice(_said(written), old=True),
    "unsupported": lambda _: Unreadable(),
    "unknown": lambda written: Unreadable(_said(written)),
}


def _tag(name: str, rest: str) -> str:
    return f"<{name} {rest}>" if rest else f"<{name}>"


def _cart_line(item: CartItem) -> str:
    return f"{item.sku} x{item.quantity}" + (f"@{item.price}" if item.price else "")
