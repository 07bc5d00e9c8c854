"""The simulation's own database: what became true in it, and what a script changes by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from wabot.domain.settings import StoredValue
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.simulation.conversation import queries

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the server is: events not done, timers that fell due, and what went wrong."""

    waiting: int
    due_timers: int
    trouble: str


@dataclass(frozen=True, slots=True)
class OrderFact:
    """An order as it stands."""

    code: str
    status: str
    total: str
    delivery: str
    address: str
    problem: str
    lines: tuple[str, ...]


class SimulationDatabase:
    """One shop of a central database that nobody else uses meanwhile, seen as its owner."""

    def __init__(self, connection: Connection, tenant: Tenant, *, last_event: int = 0) -> None:
        """Look at a shop; troubles up to `last_event` are those of earlier days."""
        self._connection = connection
        self._tenant = tenant
        self._last_event = last_event

    async def standing(self, now: datetime) -> Standing:
        """Tell how far the server is with everything."""
        row = await self._one(queries.STANDING, {"now": now, "after": self._last_event})
        return Standing(*row)

    async def audiences(self, message_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
        """Return for whom messages were meant and which customer they concern."""
        rows = await self._all(queries.AUDIENCES, {"ids": list(message_ids)})
        return {row[0]: (row[1], row[2]) for row in rows}

    async def prices(self, skus: Sequence[str]) -> dict[str, str]:
        """Return the prices of products."""
        rows = await self._all(queries.PRICES, {"skus": list(skus)})
        return {row[0]: str(row[1]) for row in rows}

    async def orders(self, contact: str) -> list[OrderFact]:
        """Return the customer's orders, oldest first."""
        rows = await self._all(queries.ORDERS, {"contact": contact})
        return [OrderFact(r[0], r[1], str(r[2]), r[3], r[4], r[5], tuple(r[6])) for r in rows]

    async def staff_wrote(self, at: datetime) -> None:
        """Let the owner and the adviser have written to the shop's number."""
        values = {"at": at, "number": self._tenant.phone_number_id}
        await self._connection.execute(queries.STAFF_WROTE, values)

    async def windows(self) -> list[tuple[str, datetime]]:
        """Return who wrote to the shop's number, and when last."""
        rows = await self._all(queries.WINDOWS, {"number": self._tenant.phone_number_id})
        return [(row[0], row[1]) for row in rows]

    async def last_step(self, contact: str) -> str:
        """Return the name of the place where the conversation stands."""
        rows = await self._all(queries.LAST_STEP, {"contact": contact})
        return str(rows[0][0]) if rows else ""

    async def set_setting(self, key: str, value: StoredValue) -> None:
        """Change a setting of the shop."""
        await self._change(queries.SET_SETTING, {"key": key, "value": Jsonb(value)})

    async def change_product(self, sku: str, changes: dict[str, object]) -> None:
        """Change a product's price, stock (in units) or whether it is sold; LookupError without."""
        values = {"price": None, "stock": None, "active": None, **changes, "sku": sku}
        if not await self._change(queries.CHANGE_PRODUCT, values):
            raise LookupError(f"there is no product with SKU {sku}")

    async def move_order(self, contact: str, status: str, code: str, at: datetime) -> None:
        """Give an order (the customer's last one without a code) another status."""
        values = {"contact": contact, "status": status, "code": code, "at": at}
        try:
            moved = await self._change(queries.MOVE_ORDER, values)
        except psycopg.errors.ForeignKeyViolation:
            raise LookupError(f"the shop has no order status {status!r}") from None
        if not moved:
            raise LookupError(f"the customer has no order {code}".rstrip())

    async def set_plan(self, plan: str) -> None:
        """Give the client another plan."""
        async with self._connection.transaction():
            await self._connection.execute(queries.RAISE_REGISTRY)
            await self._connection.execute(
                queries.SET_PLAN, {"plan": plan, "client": self._tenant.id}
            )

    async def set_usage(self, day: date, messages: int) -> None:
        """Let the shop have sent so many messages in the month of that day."""
        month = Month.of(day)
        values = {"day": day, "first": month.first, "last": month.last, "messages": messages}
        async with self._connection.transaction():
            await self._connection.execute(queries.FORGET_USAGE, values)
            await self._connection.execute(queries.SET_USAGE, values)

    async def facts(self, contact: str, subject: str, keys: Sequence[str]) -> dict[str, str]:
        """Return observed facts as texts, by key."""
        if subject in queries.BY_SKU:
            rows = await self._all(
                queries.BY_SKU[subject], {"contact": contact, "skus": list(keys)}
            )
            return {row[0]: _plain(row[1]) for row in rows}
        rows = await self._all(queries.FACTS[subject], {"contact": contact})
        if not rows:
            return {}
        found = {name: _plain(value) for name, value in rows[0][0].items()}
        return {name: found[name] for name in keys if name in found} or dict(
            list(found.items())[:1]
        )

    async def _change(self, query: str, values: dict[str, object]) -> int:
        async with self._connection.transaction():
            cursor = await self._connection.execute(query, values)
            await self._connection.execute(queries.RAISE_SHOP)
        return cursor.rowcount

    async def _all(self, query: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(query, values)
        return await cursor.fetchall()

    async def _one(self, query: str, values: dict[str, object]) -> tuple[Any, ...]:
        return (await self._all(query, values))[0]


@asynccontextmanager
async def open_database(owner_url: str, tenant: Tenant) -> AsyncIterator[SimulationDatabase]:
    """Look at a shop's tables while the block lasts."""
    connection: Connection = await psycopg.AsyncConnection.connect(
        owner_url, autocommit=True, prepare_threshold=None
    )
    async with connection:
        path = sql.SQL("set search_path = {}").format(sql.Identifier(tenant.placement.schema))
        await connection.execute(path)
        row = await (await connection.execute(queries.LAST_EVENT)).fetchone()
        yield SimulationDatabase(connection, tenant, last_event=row[0] if row else 0)


def _plain(value: object) -> str:
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
