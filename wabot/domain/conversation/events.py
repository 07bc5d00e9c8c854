"""Everything that can move a conversation."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from wabot.domain.files import FileRefusal, MediaKind
from wabot.domain.order import Order, Shortage


@dataclass(frozen=True, slots=True)
class TextReceived:
    """The customer wrote; fragments of one thought come joined by line breaks."""

    text: str


@dataclass(frozen=True, slots=True)
class OptionChosen:
    """The customer tapped a button or row of one of our messages (or of a template)."""

    option_id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class LocationShared:
    """The customer sent a pin."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class MediaReceived:
    """The customer sent a file; its type and size are empty and 0 where Meta left them out."""

    kind: MediaKind
    media_id: str
    caption: str = ""
    mime_type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class MediaRefused:
    """A file that the customer sent then turned out not to be kept."""

    media_id: str
    reason: FileRefusal
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class ContactsShared:
    """The customer shared contact cards; `requested` when they answer our request for a phone."""

    phones: tuple[str, ...]
    requested: bool = False


@dataclass(frozen=True, slots=True)
class NativeCartLine:
    """A line of WhatsApp's own cart; its price is the customer's claim, never ours."""

    retailer_id: str
    quantity: int
    item_price: Decimal


@dataclass(frozen=True, slots=True)
class NativeCartReceived:
    """The customer sent a cart from WhatsApp's catalogue."""

    lines: tuple[NativeCartLine, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reacted:
    """The customer put an emoji on a message, or took it away (empty)."""

    emoji: str = ""


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """The customer changed a message they had sent; `text` is empty when it is no text."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class MessageRevoked:
    """The customer deleted a message they had sent."""


LOST_FILE = "lost_file"
"""Kind of an unreadable message that was a file: Meta could not fetch it from the phone."""


@dataclass(frozen=True, slots=True)
class UnreadableReceived:
    """A message whose content WhatsApp did not deliver, or of a type unknown to us."""

    kind: str = "unknown"


@dataclass(frozen=True, slots=True)
class ChatOpened:
    """The customer opened the chat for the first time and wrote nothing yet."""


@dataclass(frozen=True, slots=True)
class PersonWrote:
    """Somebody of the shop wrote to the customer by hand."""


class TimerKind(StrEnum):
    """What a timer of a conversation is for; a new one of a kind replaces the earlier one."""

    PAUSE_END = "pause_end"
    HANDOFF_UNANSWERED = "handoff_unanswered"


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer fell due."""

    kind: TimerKind


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The order that was just confirmed is written."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderShort:
    """The order that was just confirmed cannot be filled; nothing was written."""

    shortages: tuple[Shortage, ...]


Happening = (
    TextReceived
    | OptionChosen
    | LocationShared
    | MediaReceived
    | MediaRefused
    | ContactsShared
    | NativeCartReceived
    | Reacted
    | MessageEdited
    | MessageRevoked
    | UnreadableReceived
    | ChatOpened
    | PersonWrote
    | TimerFired
    | OrderPlaced
    | OrderShort
)


@dataclass(frozen=True, slots=True)
class Event:
    """A happening with its time; `late` when it reached us long after it was sent."""

    happening: Happening
    at: datetime
    late: bool = False
