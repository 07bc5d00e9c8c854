"""How much a shop uses of what plans limit."""

from datetime import datetime

from sqlalchemy import Connection

from wabot.domain.tenant import Placement, Tenant
from wabot.repositories.provisioning.rendering import quoted, render
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.plan_report import PlanUse

_USE = """
SELECT (SELECT count(*) FROM tenant.__wbp__products WHERE is_active),
       (SELECT count(*) FROM tenant.__wbp__messages
        WHERE direction = 'out' AND accepted_at >= %(since)s)
"""
_RECURRING = "SELECT count(*) FROM tenant.__wbp__recurring_orders WHERE NOT paused"
_EXISTS = "SELECT to_regclass(%(table)s) IS NOT NULL"


class SqlPlanUses:
    """What the tenants use, counted in their own tables."""

    def __init__(self, tenants: SqlTenants) -> None:
        self._tenants = tenants

    def read(self, tenant: Tenant, since: datetime) -> PlanUse:
        """Count what is used now; messages from that moment on."""
        place = tenant.placement
        with self._tenants.place_of(tenant) as connection:
            used = connection.exec_driver_sql(render(_USE, place), {"since": since}).one()
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
