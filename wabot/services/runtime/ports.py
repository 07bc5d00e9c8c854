"""What the runtime needs from the outside."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from wabot.domain.delivery import SendOutcome
from wabot.domain.message import OutboundMessage, Recipient
from wabot.domain.shop import Shop
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.services.alerts.ports import Alarm
from wabot.services.runtime.events import (
    Acceptance,
    Closing,
    ConversationKey,
    NewEvent,
    StoredEvent,
)
from wabot.services.runtime.turns import (
    Contact,
    Loaded,
    OrderResult,
    OrderToPlace,
    Outgoing,
    Outlook,
    Report,
    SendClaim,
    SendMark,
    StatusChange,
    Told,
    TurnWrites,
)


class Clock(Protocol):
    """Business time; leases never use it."""

    def now(self) -> datetime:
        """Return the time, with its zone."""


@dataclass(frozen=True, slots=True)
class StatusSilence:
    """How long ago a status of a number came, and whether one of a certain message waits here."""

    last_status_age: timedelta | None
    backlog: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """What asks to be done: when a conversation that nobody holds is due, and what else changed."""

    due_in: timedelta | None
    timers_due: bool
    paused: bool
    registry: int


class Journal(Alarm, Protocol):
    """The central inbox, the leases and the timers. Lease times are the database's clock."""

    async def accept(self, events: Sequence[NewEvent]) -> Acceptance:
        """Keep the events that are new and lease the conversations that are due and free."""

    async def adopt(self) -> int:
        """Let events be handled that no client had a number for, or whose client was parked."""

    async def claim_due(self, limit: int) -> list[ConversationKey]:
        """Lease conversations whose time has come and that nobody holds."""

    async def agenda(self, now: datetime) -> Agenda:
        """Return what asks to be done by that business time, all as of one moment."""

    async def take(self, key: ConversationKey) -> list[StoredEvent] | None:
        """Take what is due of a leased conversation; None when the lease was lost."""

    async def close(self, closings: Sequence[Closing]) -> list[ConversationKey]:
        """Settle events and give leases back; return those kept because more is due already."""

    async def renew(self, keys: Sequence[ConversationKey]) -> set[ConversationKey]:
        """Prolong the leases; return those still held."""

    async def release_all(self) -> None:
        """Give back every lease of this process."""

    async def fire_timers(self, now: datetime) -> list[ConversationKey]:
        """Turn timers due by business time into events and lease their conversations."""

    async def purge(self, kept: timedelta) -> int:
        """Delete events done longer ago than that."""

    async def status_silence(self, phone_number_id: str, message_id: UUID) -> StatusSilence:
        """Tell what is known of the number's statuses, and of this message's."""

    async def watch(self, patience: timedelta) -> list[str]:
        """Alert, once per tenant, when events wait longer than that; resolve what is over.

        Returns the alerts that are new.
        """


class Clients(Protocol):
    """The clients as the runtime sees them, always fresh to within a second or two."""

    async def by_phone_number_id(self, phone_number_id: str) -> Tenant | None:
        """Find the client that has this number."""

    async def by_waba_id(self, waba_id: str) -> list[Tenant]:
        """Find the clients of a WhatsApp business account."""

    async def by_id(self, client_id: UUID) -> Tenant | None:
        """Find a client."""

    async def read_again(self, client_id: UUID) -> Tenant | None:
        """Find a client as it is now, whatever is kept of it."""

    async def refresh(self) -> bool:
        """Forget what changed; tell whether anything did."""

    async def forget_previous_token(self, tenant: Tenant) -> None:
        """Drop the token before the present one, which has sent something by now."""

    async def purge_previous_tokens(self) -> None:
        """Drop former tokens that were kept long enough."""


class TurnUnit(Protocol):
    """One tenant transaction; commits when left without an error."""

    async def load(self, contact: Contact, keys: Sequence[str], at: datetime) -> Loaded:
        """Lock the customer, then load what a step at that time may look at."""

    async def register(self, contact: Contact, at: datetime) -> Loaded:
        """Make the customer of a new contact and load them."""

    async def shop(self, version: int) -> Shop:
        """Return the shop as of that version."""

    async def place_order(self, order: OrderToPlace) -> OrderResult:
        """Take the stock and write the order; nothing is written when anything is short."""

    async def standing(self, at: datetime) -> tuple[int, int]:
        """Return the shop's version, and how many messages of that month it has."""

    async def first_warning(self, month: Month, levels: Sequence[int], limit: int) -> bool:
        """Note that the owner is told that of the limit; tell whether they were not before."""

    async def tell(
        self, audiences: Sequence[str], *, told_in: UUID, since: datetime, month: Month
    ) -> list[Outgoing]:
        """Take the notices that never reached these people as told in that message; return them.

        What is over by now is left out: warnings of another month, orders that are settled,
        customers whom a person wrote to.
        """

    async def apply_statuses(self, statuses: Sequence[StatusChange]) -> None:
        """Move messages up to what Meta says of them."""

    async def last_message_at(self, names: Sequence[str], number: str) -> datetime | None:
        """Return when somebody of these numbers or user ids last wrote to the shop's number."""

    async def outlook(self, names: Sequence[str]) -> Outlook:
        """Return how somebody of these numbers or user ids can be reached."""

    def reports(self) -> list[Report]:
        """Return what the applied statuses mean for others: failures at once, the rest in time.

        All of it is known once the transaction is committed.
        """

    def doubled(self) -> list[UUID]:
        """Return the messages that reached Graph twice, each once; known like the reports."""

    async def unsettled(self, contact: str) -> list[Outgoing]:
        """Return the conversation's messages whose outcome is open."""

    async def unrepeated(self, message_ids: Sequence[UUID]) -> list[Outgoing]:
        """Return those that failed, are no templates and were not repeated."""

    async def repeat(
        self, message_id: UUID, row: Outgoing, *, contact: str, owner: str, claim: timedelta
    ) -> None:
        """Write a message again, for the same people about the same, in another form."""

    async def is_written(self, message_id: UUID) -> bool:
        """Tell whether there is a message of ours with that id."""

    async def is_own_message(self, wamid: str) -> bool:
        """Tell whether a message is one that we sent."""

    async def change_identity(self, old: Contact, new: Contact) -> None:
        """Let a customer be known by a new number or user id."""

    async def write(self, writes: TurnWrites) -> None:
        """Write what the turn decided."""


class TenantStore(Protocol):
    """The tenants' tables."""

    def turn(self, tenant: Tenant) -> AbstractAsyncContextManager[TurnUnit]:
        """Open one transaction under the tenant's own role."""

    async def claim_again(self, tenant: Tenant, claim: SendClaim) -> bool:
        """Take a message that waited; false when it needs no sending any more.

        It is cancelled when a person took over after it was made.
        """

    async def mark(self, tenant: Tenant, marks: Sequence[SendMark], at: datetime) -> int | None:
        """Write what became of messages that were sent; those that Graph took count as of then.

        Return how many of the month the shop has by then; None when none was counted.
        """

    async def outlook(self, tenant: Tenant, names: Sequence[str]) -> Outlook:
        """Return how somebody of these numbers or user ids can be reached."""

    async def rewrite(self, tenant: Tenant, message_id: UUID, message: OutboundMessage) -> None:
        """Give a message that waits another form."""

    async def untell(self, tenant: Tenant, told_in: UUID) -> list[Outgoing]:
        """Let what was to be told in that message wait again; return it."""

    async def reckon(self, tenant: Tenant, message_ids: Sequence[UUID]) -> list[Told]:
        """Bring the orders up to date with what became of these messages; return that."""


class MessageSender(Protocol):
    """Hands messages to WhatsApp."""

    async def send(
        self,
        phone_number_id: str,
        token: str,
        recipient: Recipient,
        message: OutboundMessage,
        callback_data: str,
    ) -> SendOutcome:
        """Send one message; never raises for what Graph or the network does."""


class TokenReader(Protocol):
    """Opens the ciphertext of tokens."""

    def decrypt(self, client_id: UUID, ciphertext: str) -> str:
        """Return the token; raises DecryptionFailed."""
