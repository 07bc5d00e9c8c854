"""Ids of what can be tapped: short, versioned, and complete, so that an old message still works."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID
from zlib import crc32

VERSION = "1"
_MAX_QUERY = 60


class Kind(StrEnum):
    """What a tap is about; the first letter of an id."""

    MENU = "m"
    CATEGORIES = "g"
    PRODUCTS = "l"
    PRODUCT = "p"
    QUANTITY = "q"
    REMOVE = "x"
    CART = "k"
    LINES = "t"
    ADDRESS = "d"
    ADDRESSES = "e"
    ORDER = "o"
    RESUME = "y"
    CANCEL = "n"
    LOCATION = "u"
    STATUS = "s"


@dataclass(frozen=True, slots=True)
class Tap:
    """An id taken apart."""

    kind: Kind
    arguments: tuple[str, ...]


MENU = "m1:menu"
CATALOG = "m1:cat"
ORDER = "m1:order"
STATUS = "m1:status"
PERSON = "m1:person"
USUAL = "m1:usual"
ADD_MORE = "k1:add"
FINISH = "k1:done"
CHANGE_LINES = "k1:edit"
SHOW_CART = "k1:show"
NEW_ADDRESS = "d1:new"
PICKUP = "d1:pickup"
CHANGE_DELIVERY = "e1:0"
CHANGE_ORDER = "o1:change"
CANCEL_ORDER = "o1:cancel"
RESUME = "y1:go"
START_ANEW = "y1:new"
DROP_ORDER = "n1:yes"
KEEP_ORDER = "n1:no"
USE_LOCATION = "u1:yes"
IGNORE_LOCATION = "u1:no"


def parse(option_id: str) -> Tap | None:
    """Take an id of ours apart; None for an unknown one or one of another version."""
    head, colon, rest = option_id.partition(":")
    if not colon or len(head) < 2 or head[1:] != VERSION:
        return None
    try:
        return Tap(Kind(head[0]), tuple(rest.split(":")))
    except ValueError:
        return None


def fingerprint(*parts: object) -> str:
    """Return a short digest that tells one content from another."""
    return f"{crc32(repr(parts).encode()):08x}"


def categories(page: int) -> str:
    """Return the id that shows a page of categories."""
    return _id(Kind.CATEGORIES, page)


def products(*, page: int = 0, category: str = "", query: str = "", others: bool = False) -> str:
    """Return the id that shows a page of products."""
    if query:
        return _id(Kind.PRODUCTS, page, "q", query[:_MAX_QUERY].strip())
    if category:
        return _id(Kind.PRODUCTS, page, "c", fingerprint(category))
    return _id(Kind.PRODUCTS, page, "o" if others else "a")


def product(product_id: UUID) -> str:
    """Return the id that chooses a product."""
    return _id(Kind.PRODUCT, product_id.hex)


def quantity(product_id: UUID, steps: int) -> str:
    """Return the id that wants so many steps of a product in all."""
    return _id(Kind.QUANTITY, product_id.hex, steps)


def remove(product_id: UUID) -> str:
    """Return the id that takes a product out of the cart."""
    return _id(Kind.REMOVE, product_id.hex)


def lines(page: int) -> str:
    """Return the id that shows a page of the cart's lines."""
    return _id(Kind.LINES, page)


def address(address_id: UUID) -> str:
    """Return the id that chooses a saved address."""
    return _id(Kind.ADDRESS, address_id.hex)


def addresses(page: int) -> str:
    """Return the id that shows a page of the saved addresses."""
    return _id(Kind.ADDRESSES, page)


def confirm(seen: str) -> str:
    """Return the id that confirms the order with that fingerprint and no other."""
    return _id(Kind.ORDER, "yes", seen)


def status(order_id: UUID) -> str:
    """Return the id that shows the status of an order."""
    return _id(Kind.STATUS, order_id.hex)


def uuid_of(text: str) -> UUID | None:
    """Read the hexadecimal form of an id."""
    try:
        return UUID(hex=text)
    except ValueError:
        return None


def number_of(text: str) -> int | None:
    """Read a small number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _id(kind: Kind, *arguments: object) -> str:
    return f"{kind}{VERSION}:" + ":".join(str(argument) for argument in arguments)
