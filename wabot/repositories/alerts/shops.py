"""What alerts need of a shop's own tables: few rows, of the newest orders."""

from datetime import timedelta

from wabot.domain.alerts.findings import WaitingOrders
from wabot.domain.hours import OpeningHours, parse_hours
from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.sql import TenantStatement

_SETTING = TenantStatement("SELECT value FROM {settings} WHERE key = %(key)s")

_WAITING = TenantStatement("""
SELECT count(*), (array_agg(order_code ORDER BY created_at))[1], min(created_at)
FROM (SELECT order_code, status, created_at FROM {orders} ORDER BY number DESC LIMIT 200) newest
WHERE status = (SELECT code FROM {order_status} ORDER BY position LIMIT 1)
  AND created_at < now() - %(patience)s::interval AND created_at > now() - interval '1 day'
""")


class PostgresShopFacts:
    """The shops' tables, each under its own role."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def opening_hours(self, tenant: Tenant) -> OpeningHours:
        """Return when the shop is open; without hours it says nothing of them."""
        async with self._pools.tenant(tenant) as transaction:
            (rows,) = await transaction.ask((_SETTING, {"key": "opening_hours"}))
        written = rows[0][0] if rows else ""
        return parse_hours(written) if isinstance(written, str) else OpeningHours()

    async def waiting_orders(self, tenant: Tenant, default_minutes: int) -> WaitingOrders:
        """Return the orders that wait for too long; none where nobody wants to know."""
        async with self._pools.tenant(tenant) as transaction:
            (rows,) = await transaction.ask((_SETTING, {"key": "order_alert_minutes"}))
            own = rows[0][0] if rows else None
            minutes = own if isinstance(own, int) else default_minutes
            if minutes <= 0:
                return WaitingOrders(tenant.id, tenant.slug, 0, 0)
            patience = {"patience": timedelta(minutes=minutes)}
            (found,) = await transaction.ask((_WAITING, patience))
        count, oldest, since = found[0]
        return WaitingOrders(tenant.id, tenant.slug, minutes, count, oldest or "", since)
