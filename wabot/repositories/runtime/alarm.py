"""Where alerts are raised and resolved, for whoever has no journal of its own."""

from uuid import UUID

from wabot.domain.alerts import Rule, Severity
from wabot.repositories.runtime.journal_statements import RAISE_ALERT, RESOLVE_ALERT
from wabot.repositories.runtime.pools import Pools
from wabot.services.runtime.measuring import UNMEASURED, Measures


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
            await connection.execute(RAISE_ALERT, values)

    async def resolve_alert(self, key: str) -> None:
        """Note that the cause of an alert is gone."""
        async with self._pools.central() as connection:
            await connection.execute(RESOLVE_ALERT, {"key": key})
