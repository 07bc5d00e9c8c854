"""A conversation's memory as plain JSON values, with a version."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any
from uuid import UUID

from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.states import (
    AskingPhone,
    AskingQuantity,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    Cancelling,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    OfferingResume,
    RemovingLine,
    ReviewingCart,
    State,
    TypingAddress,
)
from wabot.domain.order import Attachment, Cart, CartLine, Delivery, DeliveryKind

VERSION = 1

_NAMES: dict[type[State], str] = {
    AtMenu: "menu",
    BrowsingCategories: "categories",
    BrowsingProducts: "products",
    AskingQuantity: "quantity",
    ReviewingCart: "cart",
    RemovingLine: "lines",
    ChoosingDelivery: "delivery",
    TypingAddress: "address",
    AskingPhone: "phone",
    Confirming: "confirm",
    OfferingLocation: "location",
    Cancelling: "cancel",
    OfferingResume: "resume",
}

STEP_NAMES = tuple(_NAMES.values())

_READERS: dict[str, Callable[[Mapping[str, Any]], State]] = {
    "menu": lambda _: AtMenu(),
    "categories": lambda plain: BrowsingCategories(_count(plain["page"])),
    "products": lambda plain: BrowsingProducts(
        category=_text(plain["category"]),
        query=_text(plain["query"]),
        page=_count(plain["page"]),
        others=_flag(plain["others"]),
    ),
    "quantity": lambda plain: AskingQuantity(UUID(plain["product_id"])),
    "cart": lambda _: ReviewingCart(),
    "lines": lambda plain: RemovingLine(_count(plain["page"])),
    "delivery": lambda plain: ChoosingDelivery(_count(plain["page"])),
    "address": lambda _: TypingAddress(),
    "phone": lambda plain: AskingPhone(_decode_delivery(plain["delivery"])),
    "confirm": lambda plain: Confirming(_decode_delivery(plain["delivery"]), _text(plain["seen"])),
    "location": lambda plain: OfferingLocation(_decode_delivery(plain["delivery"])),
    "cancel": lambda _: Cancelling(),
    "resume": lambda _: OfferingResume(),
}


def step_name(state: State) -> str:
    """Return the short name of a place, as kept beside the stored memory."""
    return _NAMES[type(state)]


def memory_to_json(memory: Memory) -> dict[str, Any]:
    """Return the memory as a JSON object that `memory_from_json` turns into the same memory."""
    return {
        "version": VERSION,
        "state": _encode_state(memory.state),
        "cart": [_encode_line(line) for line in memory.cart.lines],
        "attachments": [
            {"media_id": a.media_id, "kind": a.kind, "caption": a.caption}
            for a in memory.attachments
        ],
        "misses": memory.misses,
        "expires_at": memory.expires_at.isoformat() if memory.expires_at else None,
        "delivery": _encode_delivery(memory.delivery) if memory.delivery else None,
        "phone_asked": memory.phone_asked,
        "echo": memory.echo,
        "echoes": memory.echoes,
        "unwelcomed": memory.unwelcomed,
        "noted_on": memory.noted_on.isoformat() if memory.noted_on else None,
        "pending": [_encode_state(state) for state in memory.pending],
    }


def memory_from_json(plain: object) -> tuple[Memory, bool]:
    """Rebuild a stored memory; a fresh one and False when it is not readable.

    Never raises: what another version wrote, or garbage, must not stop a customer.
    """
    try:
        return _decode(plain), True
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return Memory(), False


def _decode(plain: Any) -> Memory:
    if not isinstance(plain, Mapping) or plain["version"] != VERSION:
        raise ValueError("no memory of this version")
    expires_at = plain["expires_at"]
    delivery = plain["delivery"]
    noted_on = plain.get("noted_on")
    return Memory(
        state=_decode_state(plain["state"]),
        cart=Cart(tuple(_decode_line(line) for line in plain["cart"])),
        attachments=tuple(
            Attachment(_text(a["media_id"]), _text(a["kind"]), _text(a["caption"]))
            for a in plain["attachments"]
        ),
        misses=_count(plain["misses"]),
        expires_at=None if expires_at is None else _moment(expires_at),
        delivery=None if delivery is None else _decode_delivery(delivery),
        phone_asked=_flag(plain["phone_asked"]),
        echo=_text(plain["echo"]),
        echoes=_count(plain["echoes"]),
        # Not there in what was stored before they were known.
        unwelcomed=_flag(plain.get("unwelcomed", False)),
        noted_on=None if noted_on is None else date.fromisoformat(_text(noted_on)),
        pending=tuple(_decode_pending(state) for state in plain.get("pending", ())),
    )


def _encode_state(state: State) -> dict[str, Any]:
    return {"name": step_name(state), **_state_fields(state)}


def _decode_state(plain: Mapping[str, Any]) -> State:
    return _READERS[plain["name"]](plain)


def _decode_pending(plain: Mapping[str, Any]) -> AskingQuantity | BrowsingProducts:
    state = _decode_state(plain)
    if not isinstance(state, AskingQuantity | BrowsingProducts):
        raise TypeError("a place where no product is asked for")
    return state


def _state_fields(state: State) -> dict[str, Any]:
    match state:
        case BrowsingCategories(page) | RemovingLine(page) | ChoosingDelivery(page):
            return {"page": page}
        case BrowsingProducts(category, query, page, others):
            return {"category": category, "query": query, "page": page, "others": others}
        case AskingQuantity(product_id):
            return {"product_id": str(product_id)}
        case AskingPhone(delivery) | OfferingLocation(delivery):
            return {"delivery": _encode_delivery(delivery)}
        case Confirming(delivery, seen):
            return {"delivery": _encode_delivery(delivery), "seen": seen}
        case AtMenu() | ReviewingCart() | TypingAddress() | Cancelling() | OfferingResume():
            return {}


def _encode_line(line: CartLine) -> dict[str, Any]:
    return {
        "product_id": str(line.product_id),
        "steps": line.steps,
        "note": line.note,
        "native": line.native,
    }


def _decode_line(plain: Mapping[str, Any]) -> CartLine:
    steps = _count(plain["steps"])
    if steps < 1:
        raise ValueError("a line of the cart is empty")
    return CartLine(UUID(plain["product_id"]), steps, _text(plain["note"]), _flag(plain["native"]))


def _encode_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "kind": delivery.kind.value,
        "address_id": str(delivery.address_id) if delivery.address_id else None,
        "address": delivery.address,
        "latitude": delivery.latitude,
        "longitude": delivery.longitude,
    }


def _decode_delivery(plain: Mapping[str, Any]) -> Delivery:
    address_id = plain["address_id"]
    return Delivery(
        kind=DeliveryKind(plain["kind"]),
        address_id=None if address_id is None else UUID(address_id),
        address=_text(plain["address"]),
        latitude=_degrees(plain["latitude"]),
        longitude=_degrees(plain["longitude"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text belongs")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} where a number belongs")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} where yes or no belongs")
    return value


def _degrees(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise TypeError(f"{value!r} where degrees belong")
    return float(value)


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone")
    return moment
