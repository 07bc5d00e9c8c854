"""What operators did, as it was written down in the transactions that did it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what, when, and to which shop: empty where it is of none, or of all."""

    id: int
    at: datetime
    actor: str
    action: str
    tenant: str
    details: dict[str, Any]


class SqlAudit:
    """The audit log over a connection of the owner; nothing ever changes what stands in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listing(
        self,
        *,
        tenant: str = "",
        actor: str = "",
        action: str = "",
        since: datetime | None = None,
        limit: int = 100,
    ) -> tuple[Act, ...]:
        """Return the newest acts first; an action's first word stands for all that begin with it.

        Acts on a shop that was deleted are found under the slug it had.
        """
        values = {
            "tenant": tenant,
            "actor": actor,
            "action": action,
            "since": since,
            "limit": limit,
        }
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_LIST, values).all()
        return tuple(Act(*row) for row in rows)

    def names(self) -> tuple[list[str], list[str]]:
        """Return the slugs of all shops there are or were, and what acts are called so far."""
        with self._engine.connect() as connection:
            slugs, actions = connection.exec_driver_sql(_NAMES).one()
        return slugs, actions


_NAMES = """
SELECT array(SELECT slug FROM wabot.clients UNION
             SELECT slug FROM wabot.audit_log WHERE slug IS NOT NULL ORDER BY 1),
       array(SELECT DISTINCT action FROM wabot.audit_log ORDER BY 1)
"""

_LIST = """
SELECT a.id, a.at, a.actor, a.action, coalesce(a.slug, c.slug, ''), a.details
FROM wabot.audit_log a LEFT JOIN wabot.clients c ON c.id = a.client_id
WHERE (%(tenant)s = '' OR coalesce(a.slug, c.slug) = %(tenant)s)
  AND (%(actor)s = '' OR a.actor = %(actor)s)
  AND (%(action)s = '' OR a.action = %(action)s OR starts_with(a.action, %(action)s || '.'))
  AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s::timestamptz)
ORDER BY a.id DESC LIMIT %(limit)s
"""
