"""What the databases say of a run: the central inbox, and the messages and orders of each shop."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wabot.domain.placement import placement_from_config
from wabot.domain.tenant import Placement

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of the inbox; `id` rises with arrival."""

    id: int
    state: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class InRow:
    """A message or timer that was handled; rows of one turn have the same moment."""

    key: str
    kind: str
    contact: str
    position: int
    turn: datetime


@dataclass(frozen=True, slots=True)
class OutRow:
    """A message on its way or sent."""

    id: str
    contact: str
    audience: str
    position: int
    status: str
    resends: int
    turn: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class ShopBooks:
    """One shop; `stock_gone` is how many steps more left the shelf than orders name."""

    number: str
    inbound: tuple[InRow, ...]
    outgoing: tuple[OutRow, ...]
    orders: tuple[str, ...]
    stock_gone: int = 0


@dataclass(frozen=True, slots=True)
class Books:
    """All of it; events by wamid. `closed` are the numbers whose shops could not be read."""

    events: dict[str, EventRow]
    shops: tuple[ShopBooks, ...]
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the databases a run is: its shops, its customers, what came since it began.

    `stock` is what each product had at first, if nobody else ordered since.
    """

    numbers: Sequence[str]
    contacts: Sequence[str]
    since: datetime
    stock: int | None = None


def now_at(owner_url: str) -> datetime:
    """Return the time by the database's clock."""
    with psycopg.connect(owner_url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def wait_until_settled(owner_url: str, scope: Scope, patience: float) -> int:
    """Wait until no event of the run waits; return how many still do when patience ends."""
    end = time.monotonic() + patience
    while (left := _waiting(owner_url, scope)) and time.monotonic() < end:
        time.sleep(0.3)
    return left


def _waiting(owner_url: str, scope: Scope) -> int:
    with psycopg.connect(owner_url) as connection:
        row = connection.execute(_WAITING, (list(scope.numbers),)).fetchone()
    return int(row[0]) if row else 0


def read_books(owner_url: str, scope: Scope) -> Books:
    """Read everything that belongs to the run, as the owner of the tables."""
    values = {"numbers": list(scope.numbers), "since": scope.since}
    with psycopg.connect(owner_url) as central:
        events = {
            key: EventRow(id_, state, received)
            for key, id_, state, received in central.execute(_EVENTS, values)
        }
        clients = central.execute(_CLIENTS, values).fetchall()
    shops, closed = [], set()
    opened: dict[str, Connection] = {}
    try:
        for number, config in clients:
            placement = placement_from_config(config)
            if placement.server:
                closed.add(number)  # its owner's password is not ours to open
                continue
            if placement.database not in opened:
                opened[placement.database] = psycopg.connect(_url(owner_url, placement))
            shops.append(_shop(opened[placement.database], number, placement, scope))
    finally:
        for connection in opened.values():
            connection.close()
    return Books(events, tuple(shops), frozenset(closed))


def _url(owner_url: str, placement: Placement) -> str:
    database = {"dbname": placement.database} if placement.database else {}
    return make_conninfo("", **conninfo_to_dict(owner_url) | database)


def _shop(connection: Connection, number: str, placement: Placement, scope: Scope) -> ShopBooks:
    def rows(statement: LiteralString) -> Iterator[tuple[Any, ...]]:
        tables = {
            name: sql.Identifier(placement.schema, f"{placement.prefix}{name}")
            for name in ("messages", "orders", "customers", "products", "order_items")
        }
        values = {
            "contacts": list(scope.contacts),
            "since": scope.since,
            "stock": scope.stock,
        }
        return iter(connection.execute(sql.SQL(statement).format(**tables), values))

    stock_gone = next(rows(_STOCK))[0] if scope.stock is not None else 0
    return ShopBooks(
        number,
        tuple(InRow(*row) for row in rows(_INBOUND)),
        tuple(OutRow(*row) for row in rows(_OUTGOING)),
        tuple(row[0] for row in rows(_ORDERS)),
        stock_gone,
    )


_WAITING = """
SELECT count(*) FROM wabot.inbox WHERE phone_number_id = ANY(%s) AND state = 'waiting'
"""
_EVENTS = """
SELECT dedup_key, id, state, received_at FROM wabot.inbox
WHERE phone_number_id = ANY(%(numbers)s) AND kind = 'message' AND received_at >= %(since)s
"""
_CLIENTS = """
SELECT phone_number_id, db_connection_config FROM wabot.clients
WHERE phone_number_id = ANY(%(numbers)s)
"""
_INBOUND: LiteralString = """
SELECT event_key, kind, contact, position, created_at FROM {messages}
WHERE direction = 'in' AND contact = ANY(%(contacts)s) AND created_at >= %(since)s ORDER BY position
"""
_OUTGOING: LiteralString = """
SELECT id::text, contact, audience, position, status, resends, created_at,
       coalesce(error, '')
FROM {messages}
WHERE direction = 'out' AND contact = ANY(%(contacts)s) AND created_at >= %(since)s
ORDER BY position
"""
_ORDERS: LiteralString = """
SELECT o.source FROM {orders} o JOIN {customers} c ON c.id = o.customer_id
WHERE c.wa_id = ANY(%(contacts)s) AND o.created_at >= %(since)s
"""
_STOCK: LiteralString = """
SELECT (SELECT coalesce(sum(%(stock)s::bigint - stock), 0) FROM {products})::bigint
     - (SELECT coalesce(sum(quantity), 0) FROM {order_items})::bigint
"""
