"""What a customer's message means for the conversation, by its type."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from wabot.domain.conversation.events import (
    LOST_FILE,
    ChatOpened,
    ContactsShared,
    Happening,
    LocationShared,
    MediaReceived,
    MessageEdited,
    MessageRevoked,
    NativeCartLine,
    NativeCartReceived,
    OptionChosen,
    Reacted,
    TextReceived,
    UnreadableReceived,
)
from wabot.domain.files import MediaKind
from wabot.domain.inbound.fields import (
    decimal,
    identifier,
    mapping,
    number,
    phone,
    sequence,
    text,
    whole,
)

Message = Mapping[str, Any]

UNAVAILABLE = 131060
NOT_DOWNLOADED = 131052
_MOST_OF_A_PRODUCT = 1_000_000


def read_happening(message: Message) -> Happening:
    """Return what the message means; what cannot be read is UnreadableReceived, never an error."""
    kind = text(message.get("type"))
    reader = _READERS.get(kind)
    happening = reader(message) if reader else None
    return happening or UnreadableReceived(kind[:64] or "unknown")


def _text(message: Message) -> Happening | None:
    body = text(mapping(message.get("text")).get("body"))
    return TextReceived(body) if body.strip() else None


def _media(message: Message) -> Happening | None:
    kind = MediaKind(message["type"])
    media = mapping(message.get(kind))
    media_id = identifier(media.get("id"))
    if not media_id:
        return _unsupported(message)
    mime_type, size = text(media.get("mime_type"))[:128], whole(media.get("file_size")) or 0
    return MediaReceived(kind, media_id, text(media.get("caption")), mime_type, max(size, 0))


def _location(message: Message) -> Happening | None:
    place = mapping(message.get("location"))
    latitude, longitude = number(place.get("latitude")), number(place.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return LocationShared(latitude, longitude, text(place.get("name")), text(place.get("address")))


def _contacts(message: Message) -> Happening | None:
    cards = [mapping(card) for card in sequence(message.get("contacts"))]
    if not cards:
        return None
    phones = [_phone(mapping(entry)) for card in cards for entry in sequence(card.get("phones"))]
    requested = any(card.get("origin") == "contact_request" for card in cards)
    return ContactsShared(tuple(dict.fromkeys(filter(None, phones))), requested)


def _phone(entry: Mapping[str, Any]) -> str:
    """Return a card's number with its country code where it is known."""
    written = text(entry.get("phone")).strip()[:64]
    wa_id = phone(entry.get("wa_id"))
    return written if written.startswith("+") or not wa_id else f"+{wa_id}"


def _interactive(message: Message) -> Happening | None:
    answer = mapping(message.get("interactive"))
    kind = text(answer.get("type"))
    if kind in {"button_reply", "list_reply"}:
        return _option(mapping(answer.get(kind)), "id", "title")
    # Flows, addresses and call permissions are answers to messages that we never send.
    return UnreadableReceived(kind[:64]) if kind else None


def _button(message: Message) -> Happening | None:
    return _option(mapping(message.get("button")), "payload", "text")


def _option(chosen: Mapping[str, Any], id_key: str, title_key: str) -> Happening | None:
    title = text(chosen.get(title_key))
    option_id = identifier(chosen.get(id_key)) or identifier(title)
    return OptionChosen(option_id, title) if option_id else None


def _order(message: Message) -> Happening | None:
    order = mapping(message.get("order"))
    lines = [_line(mapping(item)) for item in sequence(order.get("product_items"))]
    complete = [line for line in lines if line is not None]
    # A cart with a line missing would be another order: better none than half of it.
    if not lines or len(complete) < len(lines):
        return None
    return NativeCartReceived(tuple(complete), text(order.get("text")))


def _line(item: Mapping[str, Any]) -> NativeCartLine | None:
    retailer_id, quantity = identifier(item.get("product_retailer_id")), whole(item.get("quantity"))
    if not retailer_id or quantity is None or not 1 <= quantity <= _MOST_OF_A_PRODUCT:
        return None
    return NativeCartLine(retailer_id, quantity, decimal(item.get("item_price")) or Decimal(0))


def _reaction(message: Message) -> Happening:
    # Meta marks a removal by an empty emoji or by none at all.
    return Reacted(text(mapping(message.get("reaction")).get("emoji")))


def _edit(message: Message) -> Happening:
    edited = mapping(mapping(message.get("edit")).get("message"))
    return MessageEdited(text(mapping(edited.get("text")).get("body")))


def _revoke(_message: Message) -> Happening:
    return MessageRevoked()


def _request_welcome(_message: Message) -> Happening:
    return ChatOpened()


def _unsupported(message: Message) -> Happening:
    codes = {whole(mapping(error).get("code")) for error in sequence(message.get("errors"))}
    if NOT_DOWNLOADED in codes:
        return UnreadableReceived(LOST_FILE)
    if UNAVAILABLE in codes:
        return UnreadableReceived("unavailable")
    kind = text(mapping(message.get("unsupported")).get("type"))
    return UnreadableReceived(kind[:64] or "unsupported")


_READERS: Mapping[str, Callable[[Message], Happening | None]] = {
    "text": _text,
    **dict.fromkeys(MediaKind, _media),
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "request_welcome": _request_welcome,
    "unsupported": _unsupported,
    "unknown": _unsupported,
}
