"""The shops' counters of messages and charges, and the central table over all shops."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from wabot.domain.cost import Charge, Cost
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.errors import DatabaseUnavailable
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.scripts import TenantTransaction
from wabot.repositories.runtime.sql import TenantStatement
from wabot.services.runtime.usage import Changed, MonthOfShop, by_day

MESSAGES = TenantStatement("""
SELECT day, messages FROM {usage} WHERE day BETWEEN %(first)s AND %(last)s
""")
CHARGES = TenantStatement("""
SELECT day, recipients, category, kind, sum(messages)::int FROM {charges}
WHERE day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")
ORDERS = TenantStatement("""
SELECT count(*)::int FROM {orders} WHERE created_at >= %(begins)s AND created_at < %(ends)s
""")
MONTHS = TenantStatement("""
SELECT DISTINCT date_trunc('month', day)::date FROM (
    SELECT day FROM {usage} UNION ALL SELECT day FROM {charges}
    UNION ALL SELECT (created_at AT TIME ZONE %(time_zone)s)::date FROM {orders}
) counted(day) ORDER BY 1
""")

# Events are looked at from a little before: one may be closed in a transaction that is not
# committed yet.
_TAKE = """
WITH taken AS (
    UPDATE wabot.usage_refresh SET taken_until = now() + %(every)s
    WHERE taken_until <= now() RETURNING done_until
)
SELECT now(), (SELECT coalesce(array_agg(DISTINCT client_id), '{}') FROM wabot.inbox
               WHERE state = 'done' AND done_at > taken.done_until - interval '15 s'
                 AND client_id IS NOT NULL)
       || (SELECT coalesce(array_agg(client_id), '{}') FROM wabot.usage_waiting)
FROM taken
"""
# Two may be at it, as when a rebuild takes longer than a minute.
_FINISH = "UPDATE wabot.usage_refresh SET done_until = greatest(done_until, %(until)s)"
_NOW = "SELECT now()"
_WAIT = """
INSERT INTO wabot.usage_waiting (client_id, reason)
SELECT id, %(reason)s FROM wabot.clients WHERE id = %(client)s
ON CONFLICT (client_id) DO UPDATE SET reason = excluded.reason
"""
_WAIT_NO_MORE = "DELETE FROM wabot.usage_waiting WHERE client_id = %(client)s"
_EVERYBODY = "SELECT id FROM wabot.clients ORDER BY slug"
_ALERTED = """
SELECT DISTINCT client_id FROM wabot.alerts
WHERE rule IN ('quota_80', 'quota_100') AND resolved_at IS NULL AND client_id IS NOT NULL
"""
_SAVE = """
INSERT INTO wabot.usage (client_id, month, messages, orders, cost, currency, allowance_left,
                         unpriced, days)
SELECT id, %(month)s, %(messages)s, %(orders)s, %(cost)s, %(currency)s, %(left)s, %(unpriced)s,
       %(days)s
FROM wabot.clients WHERE id = %(client)s
ON CONFLICT (client_id, month) DO UPDATE SET
    messages = excluded.messages, orders = excluded.orders, cost = excluded.cost,
    currency = excluded.currency, allowance_left = excluded.allowance_left,
    unpriced = excluded.unpriced, days = excluded.days, updated_at = now()
"""
_FORGET = "DELETE FROM wabot.usage WHERE client_id = %(client)s AND month <> ALL(%(months)s)"


class PostgresUsage:
    """Counters over the process's pools."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def take(self, every: timedelta) -> Changed | None:
        """Take the next refresh; None when it is not due, or another process has it."""
        rows = await self._central(_TAKE, {"every": every})
        return Changed(frozenset(rows[0][1]), rows[0][0]) if rows else None

    async def finish(self, changed: Changed) -> None:
        """Note how far the roll-up has come."""
        await self._central(_FINISH, {"until": changed.until})

    async def now(self) -> datetime:
        """Return the database's time."""
        ((now,),) = await self._central(_NOW)
        assert isinstance(now, datetime)
        return now

    async def wait(self, client_id: UUID, reason: str) -> None:
        """Note that a client's figures are not what they should be, for the next refresh."""
        await self._central(_WAIT, {"client": client_id, "reason": reason})

    async def wait_no_more(self, client_id: UUID) -> None:
        """Note that they are."""
        await self._central(_WAIT_NO_MORE, {"client": client_id})

    async def everybody(self) -> list[UUID]:
        """Return all clients."""
        return [row[0] for row in await self._central(_EVERYBODY)]

    async def alerted(self) -> list[UUID]:
        """Return the clients of which an alert stands that a line was crossed."""
        return [row[0] for row in await self._central(_ALERTED)]

    async def months(self, tenant: Tenant) -> list[Month]:
        """Return the months in which a shop counted anything."""
        async with self._asking(tenant) as transaction:
            (rows,) = await transaction.ask((MONTHS, {"time_zone": tenant.time_zone}))
        return [Month.of(row[0]) for row in rows]

    async def read(self, tenant: Tenant, month: Month) -> MonthOfShop:
        """Read a shop's own tables."""
        days = {"first": month.first, "last": month.last}
        moments = {
            "begins": month.begins(tenant.time_zone),
            "ends": month.next.begins(tenant.time_zone),
        }
        async with self._asking(tenant) as transaction:
            counted, charges, ((orders,),) = await transaction.ask(
                (MESSAGES, days), (CHARGES, days), (ORDERS, moments)
            )
        return MonthOfShop(
            by_day(month, dict(counted)), orders, tuple(Charge(*row) for row in charges)
        )

    async def save(self, client_id: UUID, month: Month, found: MonthOfShop, cost: Cost) -> None:
        """Write a month of a client into the central table."""
        unpriced = [[u.recipients, u.category, u.kind, u.messages] for u in cost.unpriced]
        await self._central(
            _SAVE,
            {
                "client": client_id,
                "month": str(month),
                "messages": found.counted,
                "orders": found.orders,
                "cost": cost.amount,
                "currency": cost.currency,
                "left": cost.allowance_left,
                "unpriced": Jsonb(unpriced),
                "days": list(found.messages),
            },
        )

    async def forget(self, client_id: UUID, kept: Collection[Month]) -> None:
        """Drop a client's other months from the central table."""
        await self._central(_FORGET, {"client": client_id, "months": [str(m) for m in kept]})

    @asynccontextmanager
    async def _asking(self, tenant: Tenant) -> AsyncIterator[TenantTransaction]:
        """Open a shop's tables; one that cannot be read keeps nobody from the others."""
        try:
            async with self._pools.tenant(tenant) as transaction:
                yield transaction
        except psycopg.Error as error:
            said = str(error).strip().split("\n", 1)[0]
            raise DatabaseUnavailable(
                f"What {tenant.slug} counts cannot be read: {said}",
                hint=f"wabot tenant doctor {tenant.slug} --fix",
            ) from error

    async def _central(
        self, statement: str, values: dict[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        async with self._pools.central() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []
