"""Where alerts are raised and resolved, for whoever has no journal of its own."""

from collections.abc import Sequence
from uuid import UUID

from wabot.domain.alerts import Rule, Severity
from wabot.repositories.runtime.pools import Pools
from wabot.services.runtime.measuring import UNMEASURED, Measures

# One that stands goes on; one that was over begins anew.
GOES_ON = """
first_at = CASE WHEN a.resolved_at IS NULL THEN a.first_at ELSE now() END,
last_at = now(), resolved_at = NULL, message = excluded.message, severity = excluded.severity
"""

COUNTED = f"""
occurrences = CASE WHEN a.resolved_at IS NULL THEN a.occurrences + 1 ELSE 1 END, {GOES_ON}
"""

_RAISE = f"""
INSERT INTO wabot.alerts AS a (key, rule, client_id, severity, message)
VALUES (%(key)s, %(rule)s, %(client)s, %(severity)s, %(message)s)
ON CONFLICT (key) DO UPDATE SET {COUNTED}
"""

RESOLVE = """
UPDATE wabot.alerts SET resolved_at = now() WHERE key = %(key)s AND resolved_at IS NULL
"""

_RESOLVE_ALL = """
UPDATE wabot.alerts SET resolved_at = now()
WHERE key = ANY(%(keys)s::text[]) AND resolved_at IS NULL
"""


class PostgresAlarm:
    """The central table of alerts: the same key is the same alert."""

    def __init__(self, pools: Pools, measures: Measures = UNMEASURED) -> None:
        self._pools = pools
        self._measures = measures

    async def raise_alert(
        self,
        key: str,
        rule: Rule,
        client_id: UUID | None,
        message: str,
        *,
        severity: Severity | None = None,
    ) -> None:
        """Raise an alert, or count one more occurrence of it; its rule knows how grave it is."""
        values = {
            "key": key,
            "rule": rule,
            "client": client_id,
            "message": message,
            "severity": severity or rule.spec.severity,
        }
        self._measures.alert(rule.value)
        async with self._pools.central() as connection:
            await connection.execute(_RAISE, values)

    async def resolve_alert(self, key: str) -> None:
        """Note that the cause of an alert is gone."""
        async with self._pools.central() as connection:
            await connection.execute(RESOLVE, {"key": key})

    async def resolve_alerts(self, keys: Sequence[str]) -> None:
        """Note that the causes of many alerts are gone."""
        async with self._pools.central() as connection:
            await connection.execute(_RESOLVE_ALL, {"keys": list(keys)})
