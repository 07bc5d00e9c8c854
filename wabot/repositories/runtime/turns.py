"""Turns over one tenant's tables: what is loaded, what is written."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from wabot.domain.message import OutboundMessage
from wabot.domain.order import (
    INITIAL_STATUS,
    HistoryEntry,
    Order,
    Shortage,
)
from wabot.domain.shop import Shop
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.repositories.runtime import reaching
from wabot.repositories.runtime import turn_statements as statements
from wabot.repositories.runtime.loading import KnownCustomers, Reader, days_of, read_outgoing
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.scripts import Rows, TenantTransaction
from wabot.repositories.runtime.shops import ShopCache
from wabot.repositories.runtime.statuses import RANKS, applying
from wabot.repositories.runtime.writing import write_turn
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


class PostgresTenantStore:
    """The tenants' tables over the process's pools."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._shops = ShopCache()
        self._known = KnownCustomers()

    @asynccontextmanager
    async def turn(self, tenant: Tenant) -> AsyncIterator["PostgresTurn"]:
        """Open one transaction under the tenant's own role."""
        async with self._pools.tenant(tenant) as transaction:
            yield PostgresTurn(transaction, tenant, self._shops, self._known)

    async def claim_again(self, tenant: Tenant, claim: SendClaim) -> bool:
        """Take a message that waited; false when it needs no sending any more."""
        values = {
            "id": claim.message_id,
            "claim": claim.claim,
            "at": claim.at,
            "resent": claim.resent,
        }
        async with self._pools.tenant(tenant) as transaction:
            (rows,) = await transaction.ask((statements.CLAIM_AGAIN, values))
        return bool(rows) and rows[0][0] == "sending"

    async def mark(self, tenant: Tenant, marks: Sequence[SendMark], at: datetime) -> int | None:
        """Write what became of messages that were sent; those that Graph took count as of then.

        Return how many of the month the shop has by then; None when none was counted.
        """
        ordered = sorted(marks, key=lambda mark: mark.message_id.bytes)
        accepted = [mark for mark in ordered if mark.wamid]
        counted: Rows = []
        # What a crashed server forgets of it, a status tells: no need to wait for the disk.
        # Nor is it put off to spare a database: what is not marked may be sent again.
        async with self._pools.tenant(tenant, lasting=False, urgent=True) as transaction:
            if unsent := [mark for mark in ordered if not mark.wamid]:
                _mark_unsent(transaction, unsent)
            if accepted:
                # Last: until the end of the transaction nobody else can count.
                counted = transaction.later(
                    statements.MARK_ACCEPTED,
                    {
                        "ids": [mark.message_id for mark in accepted],
                        "wamids": [mark.wamid for mark in accepted],
                        "at": at,
                        **days_of(at, tenant.time_zone),
                    },
                )
        return counted[0][0] if counted else None

    async def outlook(self, tenant: Tenant, names: Sequence[str]) -> Outlook:
        """Return how somebody of these numbers or user ids can be reached."""
        async with self._pools.tenant(tenant) as transaction:
            return await reaching.read_outlook(transaction, names, tenant.phone_number_id)

    async def rewrite(self, tenant: Tenant, message_id: UUID, message: OutboundMessage) -> None:
        """Give a message that waits another form."""
        async with self._pools.tenant(tenant) as transaction:
            reaching.rewrite(transaction, message_id, message)

    async def untell(self, tenant: Tenant, told_in: UUID) -> list[Outgoing]:
        """Let what was to be told in that message wait again; return it."""
        async with self._pools.tenant(tenant) as transaction:
            return await reaching.untell(transaction, told_in)

    async def reckon(self, tenant: Tenant, message_ids: Sequence[UUID]) -> list[Told]:
        """Bring the orders up to date with what became of these messages; return that."""
        async with self._pools.tenant(tenant) as transaction:
            return await reaching.reckon(transaction, message_ids)


class PostgresTurn:
    """One tenant transaction: what is read together, and what is written, takes one message."""

    def __init__(
        self,
        transaction: TenantTransaction,
        tenant: Tenant,
        shops: ShopCache,
        known: KnownCustomers,
    ) -> None:
        self._transaction = transaction
        self._tenant = tenant
        self._shops = shops
        self._known = known
        self._applied: Rows = []

    async def load(self, contact: Contact, keys: Sequence[str], at: datetime) -> Loaded:
        """Lock the customer, then load what a step at that time may look at."""
        reader = self._reader()
        loaded = await reader.load(contact, keys, at)
        if len(reader.rows) > 1:
            self._merge(contact, reader.rows)
        elif reader.rows and reader.lacks(contact):
            self._transaction.later(
                statements.KNOW_CUSTOMER, {**_identity(contact), "id": reader.rows[0][0]}
            )
        return loaded

    def _merge(self, contact: Contact, rows: Sequence[Sequence[Any]]) -> None:
        others = [row[0] for row in rows[1:]]
        run = self._transaction.later
        run(statements.RELEASE_USER_ID, {"ids": others, "user_id": contact.user_id})
        for statement in (statements.MOVE_ORDERS, statements.MOVE_ADDRESSES):
            run(statement, {"id": rows[0][0], "ids": others})
        run(statements.KNOW_CUSTOMER, {**_identity(contact), "id": rows[0][0]})

    async def register(self, contact: Contact, at: datetime) -> Loaded:
        """Make the customer of a new contact and load them."""
        self._transaction.later(statements.INSERT_CUSTOMER, {**_identity(contact), "at": at})
        return await self._reader().load(contact, (), at, is_new=True)

    def _reader(self) -> Reader:
        return Reader(self._transaction, self._tenant, self._known)

    async def shop(self, version: int) -> Shop:
        """Return the shop as of that version."""
        return await self._shops.get(self._transaction, self._tenant, version)

    async def standing(self, at: datetime) -> tuple[int, int]:
        """Return the shop's version, and how many messages of that month it has."""
        values = days_of(at, self._tenant.time_zone)
        (((version, counted),),) = await self._transaction.ask((statements.LOAD_STANDING, values))
        return version, counted

    async def first_warning(self, month: Month, levels: Sequence[int], limit: int) -> bool:
        """Note that the owner is told that of the limit; tell whether they were not before."""
        values = {"month": month.first, "levels": list(levels), "limit": limit}
        (noted,) = await self._transaction.ask((statements.NOTE_WARNING, values))
        return (levels[-1],) in noted

    async def place_order(self, order: OrderToPlace) -> OrderResult:
        """Take the stock and write the order; nothing is written when anything is short."""
        wanted = {line.product_id: line.quantity.steps for line in order.draft.lines}
        (stocks,) = await self._transaction.ask((statements.LOCK_PRODUCTS, {"ids": list(wanted)}))
        left = {row[0]: row[1] if row[2] else 0 for row in stocks}
        short = tuple(
            Shortage(line.product_id, line.name, left.get(line.product_id, 0))
            for line in order.draft.lines
            if left.get(line.product_id, 0) < line.quantity.steps
        )
        if short:
            return short
        self._transaction.later(
            statements.TAKE_STOCK, {"ids": list(wanted), "steps": list(wanted.values())}
        )
        return await self._write_order(order)

    async def _write_order(self, order: OrderToPlace) -> Order:
        draft = order.draft
        made = (
            statements.INSERT_ORDER,
            {
                "customer": order.customer_id,
                "address": draft.delivery.address_id,
                "text": draft.delivery.address,
                "delivery": draft.delivery.kind.value,
                "total": draft.total,
                "status": INITIAL_STATUS,
                "source": order.source,
                "at": order.at,
            },
        )
        (((order_id, code, label),),) = await self._transaction.ask(made)
        run = self._transaction.later
        run(statements.INSERT_ITEMS, {"order": order_id, **_columns(draft.lines)})
        run(
            statements.INSERT_HISTORY,
            {"order": order_id, "status": INITIAL_STATUS, "by": "customer", "at": order.at},
        )
        if draft.attachments:
            run(
                statements.INSERT_ATTACHMENTS,
                {
                    "order": order_id,
                    "media": [a.media_id for a in draft.attachments],
                    "kinds": [a.kind for a in draft.attachments],
                    "captions": [a.caption for a in draft.attachments],
                },
            )
        run(statements.RAISE_VERSION, {})
        return Order(
            id=order_id,
            code=code,
            status=INITIAL_STATUS,
            label=label,
            total=draft.total,
            created_at=order.at,
            lines=draft.lines,
            history=(HistoryEntry(INITIAL_STATUS, label, order.at),),
        )

    async def apply_statuses(self, statuses: Sequence[StatusChange]) -> None:
        """Move messages up to what Meta says of them."""
        known = [status for status in statuses if status.status in RANKS]
        if not known:
            return
        statement, values = applying(known, self._tenant.time_zone)
        if any(status.status == "failed" for status in known):
            # What failed may go again in another form, in the same transaction.
            (self._applied,) = await self._transaction.ask((statement, values))
        else:
            self._applied = self._transaction.later(statement, values)

    async def last_message_at(self, names: Sequence[str], number: str) -> datetime | None:
        """Return when somebody of these numbers or user ids last wrote to the shop's number."""
        values = {"names": list(names), "number": number}
        found: datetime | None
        (((found,),),) = await self._transaction.ask((reaching.LAST_MESSAGE_AT, values))
        return found

    async def outlook(self, names: Sequence[str]) -> Outlook:
        """Return how somebody of these numbers or user ids can be reached."""
        number = self._tenant.phone_number_id
        return await reaching.read_outlook(self._transaction, names, number)

    async def tell(
        self, audiences: Sequence[str], *, told_in: UUID, since: datetime, month: Month
    ) -> list[Outgoing]:
        """Take the notices that never reached these people as told in that message."""
        zone = self._tenant.time_zone
        return await reaching.tell(
            self._transaction, audiences, told_in=told_in, since=since, month=month, time_zone=zone
        )

    def reports(self) -> list[Report]:
        """Return what the applied statuses mean for others: failures at once, the rest in time."""
        return [
            Report(message_id, status, code)
            for message_id, status, code, order_id, _ in self._applied
            if status == "failed" or (order_id and code and RANKS.get(status, 0) > RANKS["failed"])
        ]

    def doubled(self) -> list[UUID]:
        """Return the messages of which the applied statuses are the first to tell a second send."""
        return [row[0] for row in self._applied if row[4]]

    async def unsettled(self, contact: str) -> list[Outgoing]:
        """Return the conversation's messages whose outcome is open."""
        (rows,) = await self._transaction.ask((statements.LOAD_UNSETTLED, {"contact": contact}))
        return [read_outgoing(row) for row in rows]

    async def unrepeated(self, message_ids: Sequence[UUID]) -> list[Outgoing]:
        """Return those that failed, are no templates and were not repeated."""
        return await reaching.read_unrepeated(self._transaction, message_ids)

    async def repeat(
        self, message_id: UUID, row: Outgoing, *, contact: str, owner: str, claim: timedelta
    ) -> None:
        """Write a message again, for the same people about the same, in another form."""
        reaching.repeat(
            self._transaction, message_id, row, contact=contact, owner=owner, claim=claim
        )

    async def is_written(self, message_id: UUID) -> bool:
        """Tell whether there is a message of ours with that id."""
        (((written,),),) = await self._transaction.ask((statements.IS_WRITTEN, {"id": message_id}))
        return bool(written)

    async def is_own_message(self, wamid: str) -> bool:
        """Tell whether a message is one that we sent."""
        (((own,),),) = await self._transaction.ask((statements.IS_OWN_MESSAGE, {"wamid": wamid}))
        return bool(own)

    async def change_identity(self, old: Contact, new: Contact) -> None:
        """Let a customer be known by a new number or user id."""
        self._transaction.later(
            statements.CHANGE_IDENTITY,
            {
                "wa_id": old.wa_id,
                "user_id": old.user_id,
                "new_wa_id": new.wa_id,
                "new_user_id": new.user_id,
            },
        )

    async def write(self, writes: TurnWrites) -> None:
        """Write what the turn decided."""
        write_turn(self._transaction, writes)


def _mark_unsent(transaction: TenantTransaction, marks: Sequence[SendMark]) -> None:
    transaction.later(
        statements.MARK_UNSENT,
        {
            "ids": [mark.message_id for mark in marks],
            "failed": [mark.failed for mark in marks],
            "cancelled": [mark.cancelled for mark in marks],
            "retry_in": [mark.retry_in for mark in marks],
            "refused": [mark.refused for mark in marks],
            "codes": [mark.error_code for mark in marks],
            "errors": [mark.error for mark in marks],
            "recipients": [
                Jsonb({"wa_id": r.wa_id, "user_id": r.user_id}) if r else None
                for r in (mark.recipient for mark in marks)
            ],
        },
    )
    # An order that somebody was not told of says so.
    failed = [mark.message_id for mark in marks if mark.failed]
    if failed:
        transaction.later(reaching.RECKON_ORDERS, {"ids": failed})


def _identity(contact: Contact) -> dict[str, str]:
    phone = f"+{contact.wa_id}" if contact.wa_id else ""
    return {
        "wa_id": contact.wa_id,
        "user_id": contact.user_id,
        "name": contact.name,
        "phone": phone,
    }


def _columns(lines: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        "products": [line.product_id for line in lines],
        "names": [line.name for line in lines],
        "quantities": [line.quantity.steps for line in lines],
        "steps": [line.quantity.step for line in lines],
        "units": [line.quantity.unit for line in lines],
        "prices": [line.unit_price for line in lines],
        "totals": [line.total for line in lines],
        "notes": [line.note for line in lines],
    }
