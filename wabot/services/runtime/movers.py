"""From stored events to what moves a conversation: fragments joined, statuses apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wabot.domain.conversation.events import (
    Event,
    Happening,
    MediaRefused,
    TextReceived,
    TimerFired,
    TimerKind,
)
from wabot.domain.cost import kind_of
from wabot.domain.files import FileRefusal
from wabot.domain.inbound import (
    Echo,
    IdentityChange,
    InboundMessage,
    Pricing,
    StatusUpdate,
    item_from_json,
)
from wabot.services.runtime.events import EventKind, StoredEvent
from wabot.services.runtime.turns import Contact, Inbound, StatusChange


@dataclass(frozen=True, slots=True)
class Mover:
    """One or several events (joined fragments) that move the conversation as one."""

    events: tuple[StoredEvent, ...]
    happening: Happening
    inbound: tuple[Inbound, ...]
    echo_of: str = ""

    @property
    def key(self) -> str:
        """Return the key of its last event, on which its effects are keyed."""
        return self.events[-1].key

    def event(self, now: datetime, late_after: timedelta) -> Event:
        """Return it as the engine's event."""
        at = self.events[-1].occurred_at
        return Event(self.happening, at, late=now - at > late_after)


@dataclass(slots=True)
class Sorted:
    """The events of a turn by what they need."""

    contact: Contact
    movers: list[Mover] = field(default_factory=list)
    statuses: list[tuple[StoredEvent, StatusChange]] = field(default_factory=list)
    identities: list[tuple[StoredEvent, IdentityChange]] = field(default_factory=list)
    quotas: list[StoredEvent] = field(default_factory=list)
    ignored: list[StoredEvent] = field(default_factory=list)


def contact_of(name: str) -> Contact:
    """Return who a conversation's name stands for: a user id has a dot, a number has not."""
    return Contact(user_id=name) if "." in name else Contact(wa_id=name)


def sort_events(contact: str, events: Sequence[StoredEvent]) -> Sorted:
    """Read stored events, one mover each; the order of events of a kind is kept."""
    found = Sorted(contact_of(contact))
    for event in events:
        if event.kind is EventKind.TIMER:
            kind = TimerKind(event.payload["timer"])
            found.movers.append(Mover((event,), TimerFired(kind), (_inbound(event, "timer", {}),)))
            continue
        if event.kind is EventKind.QUOTA:
            found.quotas.append(event)
            continue
        if event.kind is EventKind.MEDIA:
            found.movers.append(Mover((event,), _refusal(event), (_inbound(event, "media", {}),)))
            continue
        item = item_from_json(event.payload)
        match item:
            case InboundMessage():
                found.contact = _known(found.contact, item)
                note = _inbound(event, item.kind, {"message": item.raw}, item.wamid)
                found.movers.append(Mover((event,), item.happening, (note,)))
            case Echo():
                note = _inbound(event, "echo", {"kind": item.kind})
                found.movers.append(Mover((event,), item.happening, (note,), echo_of=item.wamid))
            case StatusUpdate():
                found.statuses.append((event, _status(item)))
            case IdentityChange():
                found.identities.append((event, item))
            case _:
                found.ignored.append(event)
    return found


def _known(contact: Contact, message: InboundMessage) -> Contact:
    return Contact(
        wa_id=message.wa_id or contact.wa_id,
        user_id=message.user_id or contact.user_id,
        name=message.profile_name or contact.name,
    )


def join_fragments(movers: Sequence[Mover]) -> list[Mover]:
    """Make one thought of texts that follow each other.

    Only of fresh ones: a text joined to one that was handled before would be lost with it.
    """
    joined: list[Mover] = []
    for mover in movers:
        last = joined[-1] if joined else None
        text = mover.happening
        if last and isinstance(text, TextReceived) and isinstance(last.happening, TextReceived):
            joined[-1] = Mover(
                (*last.events, *mover.events),
                TextReceived(f"{last.happening.text}\n{text.text}"),
                (*last.inbound, *mover.inbound),
            )
        else:
            joined.append(mover)
    return joined


def _refusal(event: StoredEvent) -> MediaRefused:
    told = event.payload
    return MediaRefused(
        told["media_id"], FileRefusal(told["reason"]), datetime.fromisoformat(told["sent_at"])
    )


def _inbound(event: StoredEvent, kind: str, body: dict[str, object], wamid: str = "") -> Inbound:
    return Inbound(
        event.key,
        kind,
        body,
        event.occurred_at,
        wamid if wamid == event.key else "",
        event.request_id,
        event.received_at,
    )


def _status(update: StatusUpdate) -> StatusChange:
    error = update.errors[0] if update.errors else None
    try:
        message_id = UUID(update.callback_data) if update.callback_data else None
    except ValueError:
        message_id = None
    return StatusChange(
        wamid=update.wamid,
        status=update.status,
        at=update.occurred_at,
        message_id=message_id,
        error_code=error.code if error else None,
        error=(error.details or error.title) if error else "",
        pricing=_priced(update.pricing) if update.pricing else None,
    )


def _priced(pricing: Pricing) -> dict[str, Any]:
    return {
        "category": pricing.category,
        "type": pricing.type,
        "model": pricing.model,
        "kind": kind_of(pricing.type, pricing.billable).value,
    }
