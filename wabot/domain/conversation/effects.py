"""What a step wants done; the turn carries it out in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wabot.domain.conversation.events import TimerKind
from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.replies import Reply
from wabot.domain.order import OrderDraft


@dataclass(frozen=True, slots=True)
class Say:
    """Answer the customer; a step says at most one thing."""

    reply: Reply


class Role(StrEnum):
    """People of the shop who get notices."""

    OWNER = "owner"
    ADVISER = "adviser"


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell somebody of the shop."""

    role: Role
    reply: Reply


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Write the order and take the stock; OrderPlaced or OrderShort comes back as an event."""

    draft: OrderDraft


@dataclass(frozen=True, slots=True)
class SaveAddress:
    """Keep an address for the customer and make it the primary one."""

    text: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class SavePhone:
    """Keep the phone number that a customer without one shared (E.164)."""

    phone_number: str


@dataclass(frozen=True, slots=True)
class PauseBot:
    """Fall silent for this customer until then; cancels answers not yet sent."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EndPause:
    """Let the bot answer again."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Have a TimerFired event at that time, in place of an earlier one of the kind."""

    kind: TimerKind
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Drop the timer of that kind."""

    kind: TimerKind


@dataclass(frozen=True, slots=True)
class NoteUnknown:
    """Note words that nothing in the catalogue matched, for the owner."""

    words: str


Effect = (
    Say
    | Notify
    | PlaceOrder
    | SaveAddress
    | SavePhone
    | PauseBot
    | EndPause
    | SetTimer
    | CancelTimer
    | NoteUnknown
)


@dataclass(frozen=True, slots=True)
class Step:
    """Where the conversation stands after an event, and what is to be done."""

    memory: Memory
    effects: tuple[Effect, ...] = ()

    @property
    def reply(self) -> Reply | None:
        """Return what the customer is told, if anything."""
        return next((e.reply for e in self.effects if isinstance(e, Say)), None)
