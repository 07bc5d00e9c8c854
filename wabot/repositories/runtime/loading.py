"""What a turn loads of a tenant's tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from wabot.domain.conversation.memory import Pause
from wabot.domain.customer import Address, Customer
from wabot.domain.message import Recipient
from wabot.domain.message_codec import decode_message
from wabot.domain.order import HistoryEntry, Order, OrderLine
from wabot.domain.purpose import Purpose
from wabot.domain.quantity import Quantity
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month, day_of
from wabot.repositories.runtime import turn_statements as statements
from wabot.repositories.runtime.scripts import Asked, Row, Rows, TenantTransaction
from wabot.services.runtime.turns import Contact, Heard, Loaded, Outgoing

_KEPT = 20_000


class KnownCustomers:
    """Who stood behind a conversation when it was last loaded by this process.

    Only a guess: it saves a round trip when it is right, and is thrown away when it is not.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[UUID, str], UUID] = {}

    def guess(self, client_id: UUID, contact: str) -> UUID | None:
        """Return the customer's id as it was."""
        return self._ids.get((client_id, contact))

    def learn(self, client_id: UUID, contact: str, customer_id: UUID) -> None:
        """Keep the customer's id, of the last so many."""
        if len(self._ids) >= _KEPT:
            del self._ids[next(iter(self._ids))]
        self._ids[client_id, contact] = customer_id


class Reader:
    """Loads one conversation; all statements travel together, the customer's lock first."""

    def __init__(
        self, transaction: TenantTransaction, tenant: Tenant, known: KnownCustomers
    ) -> None:
        self._transaction = transaction
        self._client_id = tenant.id
        self._time_zone = tenant.time_zone
        self._known = known
        self.rows: Rows = []

    async def load(
        self, contact: Contact, keys: Sequence[str], at: datetime, *, is_new: bool = False
    ) -> Loaded:
        """Lock the customer and return what belongs to the conversation."""
        who = {"wa_id": contact.wa_id or None, "user_id": contact.user_id or None}
        name = contact.user_id or contact.wa_id
        guess = self._known.guess(self._client_id, name)
        self.rows, handled, unsettled, owed, standing, *own = await self._transaction.ask(
            (statements.LOCK_CUSTOMER, who),
            (statements.LOAD_HANDLED, {"keys": list(keys)}),
            (statements.LOAD_UNSETTLED, {"contact": name}),
            (statements.LOAD_OWED, {"contact": name}),
            (statements.LOAD_STANDING, days_of(at, self._time_zone)),
            *(_of_customer(guess) if guess else ()),
        )
        loaded = Loaded(
            customer=None,
            handled=frozenset(row[0] for row in handled),
            unsettled=tuple(read_outgoing(row) for row in unsettled),
            owed=dict(owed),
            shop_version=standing[0][0] if standing else 0,
            counted=standing[0][1] if standing else 0,
        )
        if not self.rows:
            return loaded
        customer_id = self.rows[0][0]
        if customer_id != guess:
            own = await self._transaction.ask(*_of_customer(customer_id))
            self._known.learn(self._client_id, name, customer_id)
        return self._with_customer(loaded, own, is_new=is_new)

    def _with_customer(self, loaded: Loaded, own: Sequence[Rows], *, is_new: bool) -> Loaded:
        sessions, pauses, addresses, orders = own
        customer_id, wa_id, _, name, phone_number, *_ = self.rows[0]
        return replace(
            loaded,
            customer=Customer(
                id=customer_id,
                wa_id=wa_id,
                name=name,
                phone_number=phone_number,
                addresses=tuple(Address(*row) for row in addresses),
                orders=tuple(_order(row) for row in orders),
                is_new=is_new,
            ),
            memory=sessions[0][0] if sessions else None,
            pause=Pause(*pauses[0]) if pauses else None,
            heard=_heard(self.rows[0]),
        )

    def lacks(self, contact: Contact) -> bool:
        """Tell whether the contact says more of the customer than their row."""
        _, wa_id, user_id, name, *_ = self.rows[0]
        return bool(
            (contact.wa_id and not wa_id)
            or (contact.user_id and contact.user_id != user_id)
            or (contact.name and not name)
        )


def _of_customer(customer_id: UUID) -> tuple[Asked, ...]:
    of = {"customer": customer_id}
    return (
        (statements.LOAD_SESSION, of),
        (statements.LOAD_PAUSE, of),
        (statements.LOAD_ADDRESSES, of),
        (statements.LOAD_ORDERS, of),
    )


def _heard(row: Row) -> Heard | None:
    return Heard(row[5], row[6]) if row[5] is not None else None


def _order(row: Row) -> Order:
    return Order(
        id=row[0],
        code=row[1],
        status=row[2],
        label=row[3],
        total=row[4],
        created_at=row[5],
        is_open=row[6],
        lines=tuple(
            OrderLine(
                product_id=UUID(item[0]) if item[0] else UUID(int=0),
                name=item[1],
                quantity=Quantity(item[2], Decimal(item[3]), item[4]),
                unit_price=Decimal(item[5]),
                total=Decimal(item[6]),
                note=item[7],
            )
            for item in row[7]
        ),
        history=tuple(
            HistoryEntry(entry[0], entry[1], datetime.fromisoformat(entry[2])) for entry in row[8]
        ),
    )


def days_of(at: datetime, time_zone: str) -> dict[str, date]:
    """Return the day of a moment, and the first and the last one of its month."""
    day = day_of(at, time_zone)
    month = Month.of(day)
    return {"day": day, "first": month.first, "last": month.last}


def read_outgoing(row: Row) -> Outgoing:
    """Read a row of `statements.OUTGOING`."""
    waited: timedelta | None = row[8]
    return Outgoing(
        id=row[0],
        audience=row[1],
        recipient=Recipient(**row[2]),
        message=decode_message(row[3]),
        event_key=row[4],
        occurred_at=row[5],
        attempts=row[6],
        resends=row[7],
        essential=row[10],
        purpose=Purpose(row[11]),
        parameters=tuple(row[12]),
        order_id=row[13],
        fresh=False,
        waited=waited,
        ready_in=row[9],
    )
