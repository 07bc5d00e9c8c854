"""How much a shop uses of what plans limit."""

from sqlalchemy import Connection

from wabot.domain.cost import Charge
from wabot.domain.tenant import Placement, Tenant
from wabot.domain.usage import Month
from wabot.repositories.provisioning.rendering import quoted, render
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.plan_report import PlanUse
from wabot.services.provisioning.plan_usage import MonthUse

_USE = """
SELECT (SELECT count(*) FROM tenant.__wbp__products WHERE is_active),
       (SELECT coalesce(sum(messages), 0)::int FROM tenant.__wbp__usage WHERE day >= %(first)s)
"""
_MESSAGES = """
SELECT day, messages FROM tenant.__wbp__usage WHERE day BETWEEN %(first)s AND %(last)s
"""
_ORDERS = """
SELECT (created_at AT TIME ZONE %(zone)s)::date, count(*) FROM tenant.__wbp__orders
WHERE created_at >= %(begins)s AND created_at < %(ends)s GROUP BY 1
"""
_CHARGES = """
SELECT day, recipients, category, kind, sum(messages)::int FROM tenant.__wbp__charges
WHERE day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
"""
_RECURRING = "SELECT count(*) FROM tenant.__wbp__recurring_orders WHERE NOT paused"
_EXISTS = "SELECT to_regclass(%(table)s) IS NOT NULL"


class SqlPlanUses:
    """What the tenants use, counted in their own tables."""

    def __init__(self, tenants: SqlTenants) -> None:
        self._tenants = tenants

    def month(self, tenant: Tenant, month: Month) -> MonthUse:
        """Return what a tenant used in a month."""
        place, zone = tenant.placement, tenant.time_zone
        asked = {
            "first": month.first,
            "last": month.last,
            "begins": month.begins(zone),
            "ends": month.next.begins(zone),
            "zone": zone,
        }
        with self._tenants.place_of(tenant) as connection:
            messages, orders, charges = (
                connection.exec_driver_sql(render(statement, place), asked).all()
                for statement in (_MESSAGES, _ORDERS, _CHARGES)
            )
        return MonthUse(
            {row[0]: row[1] for row in messages},
            {row[0]: row[1] for row in orders},
            tuple(Charge(*row) for row in charges),
        )

    def read(self, tenant: Tenant, month: Month) -> PlanUse:
        """Count what is used now, and the messages of the present month."""
        place = tenant.placement
        with self._tenants.place_of(tenant) as connection:
            used = connection.exec_driver_sql(render(_USE, place), {"first": month.first}).one()
            recurring = _recurring(connection, place)
        return PlanUse(
            active_products=used[0],
            messages=used[1],
            recurring_orders=recurring,
            own_database=bool(place.database),
        )


def _recurring(connection: Connection, place: Placement) -> int:
    """Count recurring orders, which only some trades have a table for."""
    table = f"{quoted(place.schema)}.{quoted(place.prefix + 'recurring_orders')}"
    if not connection.exec_driver_sql(_EXISTS, {"table": table}).scalar_one():
        return 0
    return int(connection.exec_driver_sql(render(_RECURRING, place)).scalar_one())
