"""Events as the journal keeps them, and the leases of their conversations."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from wabot.domain.conversation.events import TimerKind
from wabot.services.runtime.media_ports import FileToFetch


class EventKind(StrEnum):
    """What an event of the inbox is; `ACCOUNT` ones belong to no conversation."""

    MESSAGE = "message"
    ECHO = "echo"
    STATUS = "status"
    IDENTITY = "identity"
    TIMER = "timer"
    MEDIA = "media"
    QUOTA = "quota"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """A conversation: one contact of one client."""

    client_id: UUID
    contact: str


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to keep; `client_id` is None while no client has the number.

    `quiet` events wait for further fragments before they are handled. `file` is what it brought.
    """

    phone_number_id: str
    dedup_key: str
    kind: EventKind
    contact: str
    payload: dict[str, Any]
    occurred_at: datetime
    client_id: UUID | None = None
    quiet: bool = False
    request_id: str = ""
    app_id: str = ""
    file: FileToFetch | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event taken from the inbox; `attempts` includes this one.

    `received_at` is when it was stored, by the database's clock.
    """

    id: int
    phone_number_id: str
    key: str
    kind: EventKind
    contact: str
    payload: dict[str, Any]
    occurred_at: datetime
    attempts: int = 1
    request_id: str = ""
    last_error: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """A conversation to handle now; with `events` they are all that waits, and are taken."""

    key: ConversationKey
    events: tuple[StoredEvent, ...] | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What accepting did: events kept, and conversations whose lease this process now holds."""

    stored: int
    leased: tuple[Leased, ...] = ()


@dataclass(frozen=True, slots=True)
class TimerChange:
    """Set (or, without a time, cancel) a conversation's timer; keyed on the event that wants it."""

    kind: TimerKind
    set_by: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that stays waiting; `attempts` is how many of them count as failed by now.

    A `growing` delay is as long as the event has waited by now, at least `delay`, at most a minute.
    """

    id: int
    delay: timedelta
    attempts: int = 0
    error: str = ""
    growing: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """An event set aside after its tries, with the reason."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Closing:
    """How a turn ended for the journal: what is settled, what stays, which timers change."""

    key: ConversationKey
    done: tuple[int, ...] = ()
    failed: tuple[Failed, ...] = ()
    kept: tuple[Kept, ...] = ()
    timers: tuple[TimerChange, ...] = ()
