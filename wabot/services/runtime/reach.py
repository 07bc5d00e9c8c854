"""Whom a message may reach: freely within 24 hours, else by an approved template, else not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wabot.domain import window
from wabot.domain.language.words import one_line
from wabot.domain.message import OutboundMessage, Recipient, TemplateMessage
from wabot.domain.phone import spellings
from wabot.domain.purpose import Purpose, TemplateName
from wabot.domain.shop import ShopSettings
from wabot.domain.tenant import Tenant
from wabot.services.runtime.events import EventKind
from wabot.services.runtime.movers import Mover
from wabot.services.runtime.ports import TurnUnit
from wabot.services.runtime.turns import (
    CUSTOMER_AUDIENCE,
    Contact,
    Heard,
    Loaded,
    Outgoing,
    Outlook,
)
from wabot.texts.shorten import shorten

# All values together: the template's own words need room within its 1024 characters.
_ROOM = 800
_NOTHING = "—"


def heard_of(movers: Sequence[Mover]) -> Heard | None:
    """Return the latest message of the person among what moves their conversation."""
    heard = [
        Heard(event.occurred_at, event.phone_number_id)
        for mover in movers
        if window.opens(mover.happening)
        for event in mover.events
        if event.kind is EventKind.MESSAGE
    ]
    return max(heard, key=lambda one: one.at, default=None)


async def within_reach(
    unit: TurnUnit,
    tenant: Tenant,
    rows: Sequence[Outgoing],
    settings: ShopSettings,
    *,
    customer: "Customer",
    now: datetime,
) -> list[Outgoing]:
    """Return the rows as each may go; people of the shop are looked up only when one is for them.

    A notice to the owner needs the owner's own message to the shop's number.
    """
    templates = templates_of(settings)
    reached = []
    for row in rows:
        last = customer.last_message_at
        if row.audience != CUSTOMER_AUDIENCE and not customer.is_called(row.recipient.wa_id):
            last = await unit.last_message_at(names_of(row.recipient), tenant.phone_number_id)
        reached.append(judged(row, Outlook(last, templates), now))
    return reached


@dataclass(frozen=True, slots=True)
class Customer:
    """The person of a turn, and when they last wrote to the number that answers them."""

    contact: Contact
    last_message_at: datetime | None

    @staticmethod
    def of(contact: Contact, loaded: Loaded, heard: Heard | None, number: str) -> "Customer":
        """Return the customer as known before the turn and by its own messages."""
        known = [one.at for one in (loaded.heard, heard) if one and one.number == number]
        return Customer(contact, max(known, default=None))

    def is_called(self, wa_id: str) -> bool:
        """Tell whether the number is theirs: an owner may order at their own shop."""
        return bool(self.contact.wa_id) and wa_id in spellings(self.contact.wa_id)


def judged(row: Outgoing, outlook: Outlook, now: datetime) -> Outgoing:
    """Return the row as it may go: as it is, in a template, or withheld."""
    if isinstance(row.message, TemplateMessage) or window.is_open(outlook.last_message_at, now):
        return row
    name = outlook.templates.get(row.purpose)
    if name is None:
        return replace(row, withheld=window.CLOSED)
    return replace(row, message=in_template(row, name))


def in_template(row: Outgoing, name: TemplateName) -> OutboundMessage:
    """Return what the row says as a message made of that template."""
    values = row.parameters
    if not values and not isinstance(row.message, TemplateMessage):
        values = (row.message.body,)
    return TemplateMessage(name.name, name.language, tuple(_fitting(values)))


def templates_of(settings: ShopSettings) -> dict[Purpose, TemplateName]:
    """Return the shop's templates by purpose."""
    found = ((purpose, settings.template(purpose)) for purpose in Purpose)
    return {purpose: name for purpose, name in found if name is not None}


def names_of(recipient: Recipient) -> list[str]:
    """Return all by which a recipient may be known."""
    numbers = spellings(recipient.wa_id) if recipient.wa_id else ()
    return [*numbers, recipient.user_id] if recipient.user_id else [*numbers]


def _fitting(values: Sequence[str]) -> Iterator[str]:
    """Put each value on one line; long ones share what short ones leave of the room."""
    lines = [_on_one_line(value) or _NOTHING for value in values]
    lengths = sorted(len(line) for line in lines)
    room, share = _ROOM, _ROOM
    for place, length in enumerate(lengths):
        share = room // (len(lengths) - place)
        if length > share:
            break
        room -= length
    yield from (shorten(line, share) if len(line) > share else line for line in lines)


def _on_one_line(value: str) -> str:
    return "; ".join(line for line in map(one_line, value.splitlines()) if line)
