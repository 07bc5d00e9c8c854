"""The central table of usage as commands read it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Engine

from wabot.domain.cost import Cost, Unpriced
from wabot.domain.usage import Month
from wabot.repositories.provisioning.holding import central_transaction
from wabot.services.provisioning.plan_usage_of_all import Freshness, RolledMonth

_FRESHNESS = "SELECT now(), done_until FROM wabot.usage_refresh"
_WAITING = "SELECT client_id, reason FROM wabot.usage_waiting"
_MONTHS = """
SELECT client_id, month, messages, orders, cost, currency, coalesce(allowance_left, 0), unpriced,
       updated_at
FROM wabot.usage WHERE month = ANY(%(months)s)
"""


class SqlRolledUsage:
    """The roll-up of one central database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def freshness(self) -> Freshness:
        """Return how far the roll-up has come, by the database's clock."""
        with central_transaction(self._engine) as connection:
            at, done_until = connection.exec_driver_sql(_FRESHNESS).one()
            waiting = connection.exec_driver_sql(_WAITING).all()
        return Freshness(at, done_until, {row[0]: row[1] for row in waiting})

    def months(self, months: Collection[Month]) -> Mapping[tuple[UUID, Month], RolledMonth]:
        """Return what all clients used in these months; who used nothing may be left out."""
        with central_transaction(self._engine) as connection:
            asked = {"months": [str(month) for month in months]}
            rows = connection.exec_driver_sql(_MONTHS, asked).all()
        found = {}
        for client_id, month, messages, orders, cost, currency, left, unpriced, updated_at in rows:
            lost = tuple(Unpriced(*one) for one in unpriced)
            billed = Cost(cost.normalize(), currency, left, lost)
            found[client_id, Month.parse(month)] = RolledMonth(messages, orders, billed, updated_at)
        return found
