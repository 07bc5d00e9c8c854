"""What was told of which alert, and which process tells what is due."""

from collections.abc import Sequence
from datetime import timedelta

from wabot.domain.alerts import Rule, Severity
from wabot.domain.alerts.notices import Alert, News, Notice, retry_in
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.scripts import Row

_AGAIN_AFTER = timedelta(hours=4)
"""For rules of another version of wabot."""

_RANKS = f"ARRAY[{', '.join(map(repr, map(str, Severity)))}]"

# What a silence covered is not told afterwards either. Only what is over counts from its end.
_SILENCED = """
EXISTS (SELECT 1 FROM wabot.alert_silences s
        WHERE s.until > coalesce(a.resolved_at, now())
          AND s.created_at < coalesce(a.resolved_at, 'infinity')
          AND (s.rule IS NULL OR s.rule = a.rule) AND (s.key IS NULL OR s.key = a.key)
          AND (s.client_id IS NULL OR s.client_id = a.client_id))
"""

_WANTED = f"""
coalesce(array_position({_RANKS}, a.severity), 2) >= c.least AND NOT {_SILENCED}
AND a.key <> 'channel_failing:' || c.channel
"""

_TOLD = "LEFT JOIN wabot.alert_notices n ON n.alert_id = a.id AND n.channel = c.channel"

# Told for the first time, again after a while, or because it is graver than what was told.
_STANDING = f"""
SELECT a.id, CASE WHEN n.is_open THEN 'again' ELSE 'raised' END AS news
FROM wabot.alerts a {_TOLD}
WHERE a.resolved_at IS NULL AND {_WANTED}
  AND (n.alert_id IS NULL OR n.again_at <= now()
       OR array_position({_RANKS}, n.severity) < array_position({_RANKS}, a.severity))
"""

# Silenced or not: who was told of it is told of its end.
_OVER = """
SELECT a.id, 'resolved' AS news
FROM wabot.alert_notices n JOIN wabot.alerts a ON a.id = n.alert_id
WHERE n.channel = c.channel AND n.is_open AND a.resolved_at IS NOT NULL
"""

# It came and went while the channel was away, or faster than anybody looked.
_PASSED = f"""
SELECT a.id, 'passed' AS news
FROM wabot.alerts a {_TOLD}
WHERE a.resolved_at > now() - interval '1 day' AND a.resolved_at > c.created_at AND {_WANTED}
  AND (n.alert_id IS NULL OR NOT n.is_open AND a.first_at >= n.again_at)
"""

_REGISTER = """
INSERT INTO wabot.alert_channels (channel) SELECT * FROM unnest(%(channels)s::text[])
ON CONFLICT DO NOTHING
"""

_WITH_NEWS = f"""
SELECT c.channel
FROM (SELECT channel, least, next_at, claimed_until, created_at FROM wabot.alert_channels
      JOIN unnest(%(channels)s::text[], %(least)s::int[]) l(channel, least) USING (channel)) c
WHERE c.next_at <= now() AND (c.claimed_until IS NULL OR c.claimed_until < now())
  AND (EXISTS ({_STANDING}) OR EXISTS ({_OVER}) OR EXISTS ({_PASSED}))
"""

_CLAIM = """
UPDATE wabot.alert_channels SET owner = %(owner)s, claimed_until = now() + %(hold)s::interval
WHERE channel = %(channel)s AND next_at <= now()
  AND (claimed_until IS NULL OR claimed_until < now())
"""

_DUE = f"""
SELECT a.id, a.key, a.rule, a.severity, a.message, coalesce(cl.slug, ''), a.occurrences,
       a.first_at, a.last_at, a.resolved_at, due.news
FROM (SELECT channel, %(least)s::int AS least, created_at FROM wabot.alert_channels
      WHERE channel = %(channel)s) c
CROSS JOIN LATERAL ({_STANDING} UNION ALL {_OVER} UNION ALL {_PASSED}) due
JOIN wabot.alerts a ON a.id = due.id
LEFT JOIN wabot.clients cl ON cl.id = a.client_id
ORDER BY a.last_at, a.id LIMIT %(limit)s
"""

# An alert may have gone with its shop meanwhile.
_NOTE = """
INSERT INTO wabot.alert_notices AS n (alert_id, channel, severity, told_at, again_at, is_open)
SELECT t.id, %(channel)s, t.severity, now(), now() + t.again_after, t.is_open
FROM unnest(%(ids)s::bigint[], %(severities)s::text[], %(again_after)s::interval[],
            %(open)s::bool[]) t(id, severity, again_after, is_open)
JOIN wabot.alerts a ON a.id = t.id
ON CONFLICT (alert_id, channel) DO UPDATE SET
    severity = excluded.severity, told_at = excluded.told_at, is_open = excluded.is_open,
    again_at = CASE WHEN n.is_open AND NOT excluded.is_open THEN n.again_at
               ELSE excluded.again_at END
"""

_REST = """
UPDATE wabot.alert_channels
SET owner = NULL, claimed_until = NULL, next_at = now() + %(rest)s::interval, failures = 0,
    last_error = '', last_told_at = CASE WHEN %(told)s THEN now() ELSE last_told_at END
WHERE channel = %(channel)s AND owner = %(owner)s
"""

_FAIL = """
UPDATE wabot.alert_channels
SET owner = NULL, claimed_until = NULL, failures = failures + 1, last_error = %(reason)s
WHERE channel = %(channel)s AND owner = %(owner)s RETURNING failures
"""

_RETRY = """
UPDATE wabot.alert_channels SET next_at = now() + %(rest)s::interval WHERE channel = %(channel)s
"""


class PostgresAlertBook:
    """The book as one process writes in it; `owner` names the process in its claims."""

    def __init__(self, pools: Pools, *, owner: str) -> None:
        self._pools = pools
        self._owner = owner

    async def register(self, channels: Sequence[str]) -> None:
        """Let the channels be known; what ended before that is not told through them."""
        async with self._pools.central() as connection:
            await connection.execute(_REGISTER, {"channels": list(channels)})

    async def with_news(self, least: dict[str, Severity]) -> list[str]:
        """Return the channels that have something to tell and are free to."""
        asked = {"channels": list(least), "least": [_rank(severity) for severity in least.values()]}
        async with self._pools.central() as connection:
            cursor = await connection.execute(_WITH_NEWS, asked)
            return [row[0] for row in await cursor.fetchall()]

    async def claim(self, channel: str, hold: timedelta) -> bool:
        """Take a channel for so long; false when another process has it, or it rests."""
        asked = {"channel": channel, "owner": self._owner, "hold": hold}
        async with self._pools.central() as connection:
            return (await connection.execute(_CLAIM, asked)).rowcount == 1

    async def due(self, channel: str, least: Severity, limit: int) -> list[Notice]:
        """Return what is to be told through it now, the oldest first."""
        asked = {"channel": channel, "least": _rank(least), "limit": limit}
        async with self._pools.central() as connection:
            cursor = await connection.execute(_DUE, asked)
            rows = await cursor.fetchall()
        return [Notice(_alert(row), News(row[-1])) for row in rows]

    async def told(self, channel: str, notices: Sequence[Notice], rest: timedelta) -> None:
        """Note that it was told, and let the channel rest."""
        named = {"channel": channel, "owner": self._owner}
        noted = {
            "ids": [notice.alert.id for notice in notices],
            "severities": [notice.alert.severity.value for notice in notices],
            "again_after": [_again_after(notice.alert.known) for notice in notices],
            "open": [notice.news in {News.RAISED, News.AGAIN} for notice in notices],
        }
        async with self._pools.central() as connection, connection.transaction():
            if notices:
                await connection.execute(_NOTE, named | noted)
            await connection.execute(_REST, {"rest": rest, "told": bool(notices)} | named)

    async def failed(self, channel: str, reason: str) -> int:
        """Note that it failed and let it rest ever longer; return how often in a row by now."""
        named = {"channel": channel, "owner": self._owner, "reason": reason}
        async with self._pools.central() as connection, connection.transaction():
            row = await (await connection.execute(_FAIL, named)).fetchone()
            if row is None:  # the claim ran out: whoever has it now counts
                return 0
            failures: int = row[0]
            await connection.execute(_RETRY, {"channel": channel, "rest": retry_in(failures)})
        return failures


def _alert(row: Row) -> Alert:
    return Alert(
        id=row[0],
        key=row[1],
        rule=row[2],
        severity=_severity(row[3]),
        message=row[4],
        tenant=row[5],
        occurrences=row[6],
        first_at=row[7],
        last_at=row[8],
        resolved_at=row[9],
    )


def _rank(severity: Severity) -> int:
    return severity.rank + 1


def _severity(word: str) -> Severity:
    return Severity(word) if word in set(Severity) else Severity.ERROR


def _again_after(rule: Rule | None) -> timedelta:
    return rule.spec.again_after if rule else _AGAIN_AFTER
