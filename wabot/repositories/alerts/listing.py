"""Alerts and silences as operators handle them; a connection of the owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine

from wabot.domain.alerts import Rule
from wabot.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with what was told of it: `told` names channels, `silenced` tells until when."""

    severity: str
    rule: str
    tenant: str
    message: str
    occurrences: int
    first_at: datetime
    last_at: datetime
    resolved_at: datetime | None
    told: str
    silenced_until: datetime | None
    key: str

    @property
    def next(self) -> str:
        """Return what to do about it; nothing where it is over, or of a rule of another version."""
        known = self.resolved_at is None and self.rule in set(Rule)
        return Rule(self.rule).remedy(self.tenant) if known else ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that are recorded and not told until a moment."""

    id: int
    rule: str
    key: str
    tenant: str
    until: datetime
    reason: str
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChannelTrouble:
    """A channel that failed when it was last used."""

    channel: str
    failures: int
    last_error: str


class SqlAlerts:
    """The alerts of one central database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listing(
        self,
        *,
        everything: bool = False,
        since: timedelta | None = None,
        slug: str = "",
        rules: Sequence[str] = (),
        limit: int = 100,
    ) -> tuple[AlertRow, ...]:
        """Return standing alerts, the gravest first; with `everything` also what is over.

        `since` leaves out what did not happen within that time. Raises NotFound for a slug that no
        shop has.
        """
        values = {
            "all": everything,
            "since": since,
            "slug": slug,
            "rules": list(rules),
            "limit": limit,
        }
        with self._engine.connect() as connection:
            if slug:
                _client(connection, slug)
            rows = connection.exec_driver_sql(_LIST, values).all()
        return tuple(AlertRow(*row) for row in rows)

    def troubles(self) -> tuple[ChannelTrouble, ...]:
        """Return the channels that fail; those that are not used any more do not count."""
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_TROUBLES).all()
        return tuple(ChannelTrouble(*row) for row in rows)

    def resolve(self, key: str, *, actor: str) -> None:
        """Count an alert as over; raises NotFound, or Refused when it is over already."""
        with self._engine.begin() as connection:
            row = connection.exec_driver_sql(_RESOLVE, {"key": key}).one_or_none()
            if row is None:
                known = connection.exec_driver_sql(_KNOWN, {"key": key}).scalar()
                if known:
                    raise Refused(f"The alert {key} is over already.")
                raise NotFound(
                    f"There is no alert with the key {key}",
                    hint="Keys stand in: wabot alerts list --json",
                )
            _audit(connection, "alert.resolve", actor, {"key": key}, row[0])

    def exists(self, key: str) -> bool:
        """Tell whether there is an alert with that key, over or not."""
        with self._engine.connect() as connection:
            return connection.exec_driver_sql(_KNOWN, {"key": key}).scalar() is not None

    def silence(
        self, *, rule: str, key: str, slug: str, length: timedelta, reason: str, actor: str
    ) -> Silence:
        """Keep alerts of a rule, or one alert, of a shop or of all, from being told for a while.

        Raises NotFound for a slug that no shop has.
        """
        with self._engine.begin() as connection:
            client = _client(connection, slug) if slug else None
            values = {
                "rule": rule or None,
                "key": key or None,
                "client": client,
                "length": length,
                "reason": reason,
                "actor": actor,
            }
            made: int = connection.exec_driver_sql(_SILENCE, values).scalar_one()
            details = {"silence": made, "rule": rule, "key": key, "reason": reason}
            details["hours"] = round(length.total_seconds() / 3600, 2)
            _audit(connection, "alert.silence", actor, details, client)
            return Silence(*connection.exec_driver_sql(_ONE_SILENCE, {"id": made}).one())

    def silences(self) -> tuple[Silence, ...]:
        """Return the silences that hold, the one that ends first first."""
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_SILENCES).all()
        return tuple(Silence(*row) for row in rows)

    def end_silence(self, silence: int, *, actor: str) -> None:
        """Let alerts be told again from now on; raises NotFound."""
        with self._engine.begin() as connection:
            row = connection.exec_driver_sql(_END, {"id": silence}).one_or_none()
            if row is None:
                raise NotFound(
                    f"There is no silence {silence} that still holds",
                    hint="See them with: wabot alerts silence list",
                )
            _audit(connection, "alert.silence_end", actor, {"silence": silence}, row[0])


def _client(connection: Connection, slug: str) -> Any:
    found = connection.exec_driver_sql(
        "SELECT id FROM wabot.clients WHERE slug = %(slug)s", {"slug": slug}
    ).scalar()
    if found is None:
        raise NotFound(f"There is no shop {slug}", hint="See them with: wabot tenant list")
    return found


def _audit(
    connection: Connection, action: str, actor: str, details: dict[str, Any], client: Any
) -> None:
    values = {"actor": actor, "action": action, "client": client, "details": Jsonb(details)}
    connection.exec_driver_sql(_NOTE, values)


_NOTE = """
INSERT INTO wabot.audit_log (actor, action, client_id, slug, details)
SELECT %(actor)s, %(action)s, %(client)s::uuid,
       (SELECT slug FROM wabot.clients WHERE id = %(client)s::uuid), %(details)s
"""

_LIST = """
SELECT a.severity, a.rule, coalesce(c.slug, ''), a.message, a.occurrences, a.first_at, a.last_at,
       a.resolved_at,
       coalesce((SELECT string_agg(n.channel, ' ' ORDER BY n.channel) FROM wabot.alert_notices n
                 WHERE n.alert_id = a.id AND n.told_at >= a.first_at), ''),
       (SELECT max(s.until) FROM wabot.alert_silences s
        WHERE a.resolved_at IS NULL AND s.until > now() AND (s.rule IS NULL OR s.rule = a.rule)
          AND (s.key IS NULL OR s.key = a.key)
          AND (s.client_id IS NULL OR s.client_id = a.client_id)),
       a.key
FROM wabot.alerts a LEFT JOIN wabot.clients c ON c.id = a.client_id
WHERE (%(all)s OR a.resolved_at IS NULL)
  AND (%(since)s::interval IS NULL OR a.last_at > now() - %(since)s::interval
       OR a.resolved_at > now() - %(since)s::interval)
  AND (%(slug)s = '' OR c.slug = %(slug)s)
  AND (cardinality(%(rules)s::text[]) = 0 OR a.rule = ANY(%(rules)s::text[]))
ORDER BY a.resolved_at IS NOT NULL,
         array_position(ARRAY['critical', 'error', 'warning'], a.severity), a.last_at DESC
LIMIT %(limit)s
"""

_TROUBLES = """
SELECT channel, failures, last_error FROM wabot.alert_channels
WHERE failures > 0 AND next_at > now() - interval '1 day' ORDER BY channel
"""

_RESOLVE = """
UPDATE wabot.alerts SET resolved_at = now() WHERE key = %(key)s AND resolved_at IS NULL
RETURNING client_id
"""

_KNOWN = "SELECT 1 FROM wabot.alerts WHERE key = %(key)s"

_SILENCE = """
INSERT INTO wabot.alert_silences (rule, key, client_id, reason, actor, until)
VALUES (%(rule)s, %(key)s, %(client)s, %(reason)s, %(actor)s, now() + %(length)s::interval)
RETURNING id
"""

_COLUMNS = """
SELECT s.id, coalesce(s.rule, ''), coalesce(s.key, ''), coalesce(c.slug, ''), s.until, s.reason,
       s.actor, s.created_at
FROM wabot.alert_silences s LEFT JOIN wabot.clients c ON c.id = s.client_id
"""

_ONE_SILENCE = f"{_COLUMNS} WHERE s.id = %(id)s"
_SILENCES = f"{_COLUMNS} WHERE s.until > now() ORDER BY s.until"

_END = """
UPDATE wabot.alert_silences SET until = now() WHERE id = %(id)s AND until > now()
RETURNING client_id
"""
