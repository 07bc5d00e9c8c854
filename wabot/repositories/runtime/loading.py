"""What a turn loads of a tenant's tables."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from wabot.domain.conversation.memory import Pause
from wabot.domain.customer import Address, Customer
from wabot.domain.message import Recipient
from wabot.domain.message_codec import decode_message
from wabot.domain.order import HistoryEntry, Order, OrderLine
from wabot.domain.purpose import Purpose
from wabot.domain.quantity import Quantity
from wabot.repositories.runtime import turn_statements as statements
from wabot.repositories.runtime.scripts import Row, Rows, TenantTransaction
from wabot.services.runtime.turns import Contact, Heard, Loaded, Outgoing


class Reader:
    """Loads one conversation; all statements travel together, the customer's lock first."""

    def __init__(self, transaction: TenantTransaction) -> None:
        self._transaction = transaction
        self.rows: Rows = []

    async def load(self, contact: Contact, keys: Sequence[str], *, is_new: bool = False) -> Loaded:
        """Lock the customer and return what belongs to the conversation."""
        who = {"wa_id": contact.wa_id or None, "user_id": contact.user_id or None}
        conversation = {"contact": contact.user_id or contact.wa_id}
        (
            self.rows,
            session,
            addresses,
            orders,
            handled,
            unsettled,
            owed,
            version,
        ) = await self._transaction.ask(
            (statements.LOCK_CUSTOMER, who),
            (statements.LOAD_SESSION, who),
            (statements.LOAD_ADDRESSES, who),
            (statements.LOAD_ORDERS, who),
            (statements.LOAD_HANDLED, {"keys": list(keys)}),
            (statements.LOAD_UNSETTLED, conversation),
            (statements.LOAD_OWED, conversation),
            (statements.LOAD_VERSION, {}),
        )
        state, until, reason = session[0] if session else (None, None, "")
        customer = _customer(self.rows[0], is_new=is_new) if self.rows else None
        if customer is not None:
            customer = _with(
                customer,
                tuple(Address(*row) for row in addresses),
                tuple(_order(row) for row in orders),
            )
        return Loaded(
            customer=customer,
            memory=state,
            pause=Pause(until, reason) if until else None,
            handled=frozenset(row[0] for row in handled),
            unsettled=tuple(read_outgoing(row) for row in unsettled),
            owed=dict(owed),
            shop_version=version[0][0] if version else 0,
            heard=_heard(self.rows[0]) if self.rows else None,
        )

    def lacks(self, contact: Contact) -> bool:
        """Tell whether the contact says more of the customer than their row."""
        _, wa_id, user_id, name, *_ = self.rows[0]
        return bool(
            (contact.wa_id and not wa_id)
            or (contact.user_id and contact.user_id != user_id)
            or (contact.name and not name)
        )


def _customer(row: Row, *, is_new: bool) -> Customer:
    return Customer(id=row[0], wa_id=row[1], name=row[3], phone_number=row[4], is_new=is_new)


def _heard(row: Row) -> Heard | None:
    return Heard(row[5], row[6]) if row[5] is not None else None


def _with(
    customer: Customer, addresses: tuple[Address, ...], orders: tuple[Order, ...]
) -> Customer:
    return Customer(
        id=customer.id,
        name=customer.name,
        wa_id=customer.wa_id,
        phone_number=customer.phone_number,
        addresses=addresses,
        orders=orders,
        is_new=customer.is_new,
    )


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
