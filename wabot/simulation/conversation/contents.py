"""What a customer can send, before it is put into a webhook."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Typed words."""

    body: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A tap on an option of the last message, or of an earlier one (`old`)."""

    title: str
    old: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A photo, voice note, video, document or sticker; `kind` is Meta's type."""

    kind: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """A location."""

    latitude: float
    longitude: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A shared contact; it answers our own question where one was asked."""

    phone: str


@dataclass(frozen=True, slots=True)
class CartItem:
    """A line of a native cart; without a price the catalogue's is claimed."""

    sku: str
    quantity: int
    price: str = ""


@dataclass(frozen=True, slots=True)
class NativeCart:
    """A cart from WhatsApp's own catalogue."""

    items: tuple[CartItem, ...]


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji on the bot's last message; empty takes it away."""

    emoji: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """New words for the customer's last message."""

    body: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """The customer's last message taken back."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The chat opened for the first time, nothing written."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message whose content is not delivered, or of a type that nobody knows."""

    kind: str = "unsupported"


Content = (
    Text
    | Choice
    | File
    | Pin
    | Card
    | NativeCart
    | Reaction
    | Edit
    | Deletion
    | Opening
    | Unreadable
)
