"""Values that a turn reads and writes in the tenant's tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wabot.domain.conversation.effects import Role
from wabot.domain.conversation.memory import Pause
from wabot.domain.customer import Address, Customer
from wabot.domain.message import OutboundMessage, Recipient
from wabot.domain.order import Order, OrderDraft, Shortage
from wabot.domain.purpose import Purpose, TemplateName

CUSTOMER_AUDIENCE = "customer"


@dataclass(frozen=True, slots=True)
class Contact:
    """Who wrote, as far as Meta tells: a phone (wa_id), a user id (BSUID), a profile name."""

    wa_id: str = ""
    user_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way; `attempts` counts refusals, `fresh` ones were never handed over.

    `essential` ones tell what happened, not what to answer next: nothing newer replaces them.

    `waited` is how long ago the claim ran out (negative while it runs); `ready_in` how long a
    refused message still has to wait. Both are None for fresh ones. `parameters` are for a template
    of its purpose; `withheld` is why it may not be sent at all. `meaning` is the key of its text.
    """

    id: UUID
    audience: str
    recipient: Recipient
    message: OutboundMessage
    event_key: str
    occurred_at: datetime
    attempts: int = 0
    resends: int = 0
    essential: bool = False
    fresh: bool = True
    waited: timedelta | None = None
    ready_in: timedelta | None = None
    purpose: Purpose = Purpose.REPLY
    parameters: tuple[str, ...] = ()
    order_id: UUID | None = None
    withheld: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """When a person wrote, by Meta's clock, and to which of the shop's numbers."""

    at: datetime
    number: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """When a person last wrote to the shop's number, and the templates that the shop has."""

    last_message_at: datetime | None
    templates: Mapping[Purpose, TemplateName]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a turn may look at; `customer` is None for a new contact.

    `memory` is the stored session as JSON, `owed` the central effects of committed turns that
    were not applied yet, by event key; `heard` is the customer's last message, `counted` the shop's
    messages of the month.
    """

    customer: Customer | None
    memory: dict[str, Any] | None = None
    pause: Pause | None = None
    handled: frozenset[str] = frozenset()
    unsettled: tuple[Outgoing, ...] = ()
    owed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    shop_version: int = 0
    heard: Heard | None = None
    counted: int = 0


@dataclass(frozen=True, slots=True)
class OrderToPlace:
    """An order to write; `source` is the event that makes it, unique for ever."""

    customer_id: UUID
    draft: OrderDraft
    source: str
    at: datetime


OrderResult = Order | tuple[Shortage, ...]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What Meta says of a message; `message_id` is our own id, sent along and given back."""

    wamid: str
    status: str
    at: datetime
    message_id: UUID | None = None
    error_code: int | None = None
    error: str = ""
    pricing: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A message that stands as failed, or that tells of an order and arrived after a failure."""

    message_id: UUID
    status: str
    error_code: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a message; `repeated` ones go again by template."""

    row: Outgoing
    failed: bool
    repeated: bool
    error_code: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message or act of a person, for the archive and against doing it twice.

    The rest tells its story: the webhook that brought it, what the engine made of it (codes, never
    words), and where the conversation stood.
    """

    key: str
    kind: str
    body: dict[str, Any]
    occurred_at: datetime
    wamid: str = ""
    request_id: str = ""
    received_at: datetime | None = None
    meaning: str = ""
    step_before: str = ""
    step_after: str = ""


@dataclass(frozen=True, slots=True)
class PauseChange:
    """A new end of the bot's silence; None ends it now."""

    pause: Pause | None


@dataclass(frozen=True, slots=True)
class SessionWrite:
    """The session as it is after the turn."""

    last_step: str
    state: dict[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TurnWrites:
    """All that a turn writes, in one go; only messages without a customer."""

    customer_id: UUID | None
    contact: str
    at: datetime
    claimed_by: str
    claim: timedelta
    inbound: tuple[Inbound, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    session: SessionWrite | None = None
    pause: PauseChange | None = None
    addresses: tuple[Address, ...] = ()
    phone_number: str = ""
    unknown_words: tuple[str, ...] = ()
    owed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class SendClaim:
    """A message that waited, taken to be handed over now, for so long.

    `resent` ones were handed over before, and may reach the customer twice: they are counted.
    """

    message_id: UUID
    claim: timedelta
    at: datetime
    resent: bool = False


@dataclass(frozen=True, slots=True)
class SendMark:
    """What became of a message handed to Graph.

    Accepted: `wamid`. To be tried again: `retry_in`. Unknown outcome: neither, and not `failed`.
    """

    message_id: UUID
    wamid: str = ""
    failed: bool = False
    cancelled: bool = False
    retry_in: timedelta | None = None
    refused: bool = False
    error_code: int | None = None
    error: str = ""
    recipient: Recipient | None = None


def audience_of(role: Role) -> str:
    """Return the audience under which notices to that role are kept."""
    return role.value
