"""The backlog, in one statement over the central tables: for whoever scrapes, never per message."""

from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.serving import IS_SERVED
from wabot.services.runtime.backlog import Backlog
from wabot.services.runtime.ports import Clock


class PostgresBacklog:
    """The backlog over the process's pools."""

    def __init__(self, pools: Pools, *, clock: Clock) -> None:
        self._pools = pools
        self._clock = clock

    async def read(self) -> Backlog:
        """Return it as it is now; raises DatabaseUnavailable."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(_READ, {"now": self._clock.now()})
            row = await cursor.fetchone()
        assert row is not None
        waiting, parked, unrouted, *ages, shops, paused, alerts = row
        inbox_age, outbox_age, files, files_age, timers = ages
        events = (("waiting",), waiting), (("parked",), parked), (("unrouted",), unrouted)
        return Backlog(
            events=events,
            inbox_age=inbox_age,
            outbox_age=outbox_age,
            files=files,
            files_age=files_age,
            timers=timers,
            shops=tuple(((status,), count) for status, count in shops),
            paused=paused,
            alerts=tuple(((rule, severity), count) for rule, severity, count in alerts),
        )


# An event whose turn is committed waits on, untried, for its messages; one that nobody took yet
# is due when it came, or quiet.
_READ = f"""
WITH waiting AS (
    SELECT i.received_at, cl.id IS NULL OR {IS_SERVED} AS open,
           i.attempts = 0 AND NOT i.quiet AND i.last_error IS NULL
           AND i.due_at > i.received_at AS unsent
    FROM wabot.inbox i LEFT JOIN wabot.clients cl ON cl.id = i.client_id
    WHERE i.state = 'waiting'
), summed AS (
    SELECT count(*) FILTER (WHERE open) AS open, count(*) FILTER (WHERE NOT open) AS parked,
           min(received_at) FILTER (WHERE open) AS oldest,
           min(received_at) FILTER (WHERE open AND unsent) AS unsent
    FROM waiting
), files AS (SELECT count(*) AS waiting, min(received_at) AS oldest FROM wabot.media)
SELECT s.open, s.parked, (SELECT count(*) FROM wabot.inbox WHERE state = 'unrouted'),
       coalesce(extract(epoch FROM now() - s.oldest), 0)::float8,
       coalesce(extract(epoch FROM now() - s.unsent), 0)::float8,
       f.waiting, coalesce(extract(epoch FROM now() - f.oldest), 0)::float8,
       (SELECT count(*) FROM wabot.timers),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(status, shops)), '[]') FROM (
            SELECT status, count(*) AS shops FROM wabot.clients GROUP BY 1) a),
       (SELECT count(*) FROM wabot.sending_pauses),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(rule, severity, open)), '[]') FROM (
            SELECT rule, severity, count(*) AS open FROM wabot.alerts
            WHERE resolved_at IS NULL GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 100) b)
FROM summed s, files f
"""
