"""Clients with dates of payment, as the runtime watches them."""

from wabot.repositories.plan_columns import standing_from
from wabot.repositories.runtime.pools import Pools
from wabot.services.runtime.plan_watch import RULES, UnpaidShop

_UNPAID = """
SELECT id, slug, time_zone, trial_ends_at, grace_ends_at, suspends_at FROM wabot.clients
WHERE suspended_from IS NOT NULL AND status IN ('active', 'suspended')
"""

_RAISED = """
SELECT key FROM wabot.alerts WHERE rule = ANY(%(rules)s::text[]) AND resolved_at IS NULL
"""


class PostgresPlanDates:
    """The dates in the central database."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def unpaid(self) -> list[UnpaidShop]:
        """Return the clients that do not simply pay."""
        async with self._pools.central() as connection:
            rows = await (await connection.execute(_UNPAID)).fetchall()
        return [UnpaidShop(row[0], row[1], row[2], standing_from(*row[3:])) for row in rows]

    async def raised(self) -> set[str]:
        """Return the keys of the alerts of these rules that stand."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(_RAISED, {"rules": [rule.value for rule in RULES]})
            return {row[0] for row in await cursor.fetchall()}
