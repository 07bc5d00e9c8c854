"""The queue of customers' files in the central database, and what became of each."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from wabot.domain.files import MediaKind
from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.serving import IS_SERVED
from wabot.repositories.runtime.sql import Statement, TenantStatement
from wabot.services.runtime.events import NewEvent
from wabot.services.runtime.media_ports import FileRecord, FileToFetch
from wabot.services.runtime.ports import Clock


class PostgresFileQueue:
    """The queue as one process sees it; `owner` names the process in its leases."""

    def __init__(self, pools: Pools, *, owner: str, lease: timedelta, clock: Clock) -> None:
        self._pools = pools
        self._owner = owner
        self._lease = lease
        self._clock = clock

    async def claim(
        self, limit: int, per_tenant: int, busy: Mapping[str, int]
    ) -> list[FileToFetch]:
        """Lease files whose time has come; `busy` counts those at work by number."""
        values = {
            "owner": self._owner,
            "lease": self._lease,
            "limit": limit,
            "per_tenant": per_tenant,
            "busy": list(busy),
            "counts": list(busy.values()),
            "now": self._clock.now(),
        }
        async with self._pools.central() as connection:
            cursor = await connection.execute(_CLAIM, values)
            rows = await cursor.fetchall()
        return [_file(row) for row in rows]

    async def renew(self, files: Sequence[FileToFetch]) -> None:
        """Prolong the leases."""
        await self._change(_RENEW, {**_columns(files), "lease": self._lease})

    async def postpone(self, file: FileToFetch, reason: str, *, counted: bool) -> None:
        """Give a lease back; the pause grows with the age of the file."""
        values = {**_columns([file]), "reason": reason[:500], "counted": counted}
        await self._change(_POSTPONE, values)

    async def record(self, tenant: Tenant, record: FileRecord) -> None:
        """Write in the tenant's tables what became of a file; a second time changes nothing."""
        file = record.file
        async with self._pools.tenant(tenant) as transaction:
            transaction.later(
                _RECORD,
                {
                    "media": file.media_id,
                    "key": file.event_key,
                    "contact": file.contact,
                    "kind": file.kind.value,
                    "mime_type": record.mime_type,
                    "size": record.size,
                    "sha256": record.sha256,
                    "location": record.location,
                    "status": record.status.value,
                    "reason": record.reason,
                    "at": file.occurred_at,
                },
            )

    async def finish(self, file: FileToFetch) -> None:
        """Take a file off the queue."""
        await self._change(_FINISH, _columns([file]))

    async def release_all(self) -> None:
        """Give back every lease of this process."""
        await self._change(_RELEASE_ALL, {})

    async def watch(self, patience: timedelta) -> list[str]:
        """Alert, once per tenant, when files wait longer than that; resolve what is over.

        Returns the alerts that are new.
        """
        values = {"patience": patience, "now": self._clock.now()}
        async with self._pools.central() as connection:
            cursor = await connection.execute(_WATCH, values)
            return [row[0] for row in await cursor.fetchall()]

    async def purge(self, kept: timedelta) -> int:
        """Drop files that came longer ago than that: their ids mean nothing any more."""
        return await self._change(_PURGE, {"kept": kept})

    async def _change(self, statement: str, values: dict[str, Any]) -> int:
        async with self._pools.central() as connection:
            cursor = await connection.execute(statement, {**values, "owner": self._owner})
            return cursor.rowcount


def queueing(events: Sequence[NewEvent]) -> list[tuple[Statement, dict[str, Any]]]:
    """Return what queues the files of the events, to be run before they are stored, with them.

    What was delivered before is in the journal already, and its file on its way or there.
    """
    brought = [(event.file, event.app_id) for event in events if event.file is not None]
    # In order: two batches that bring the same files must not wait for each other in a circle.
    brought.sort(key=lambda pair: (pair[0].phone_number_id, pair[0].media_id))
    if not brought:
        return []
    files = [file for file, _ in brought]
    values = {
        **_columns(files),
        "keys": [file.event_key for file in files],
        "contacts": [file.contact for file in files],
        "kinds": [file.kind.value for file in files],
        "apps": [app for _, app in brought],
        "times": [file.occurred_at for file in files],
    }
    return [(_QUEUE, values)]


def _file(row: Sequence[Any]) -> FileToFetch:
    return FileToFetch(
        phone_number_id=row[0],
        media_id=row[1],
        event_key=row[2],
        contact=row[3],
        kind=MediaKind(row[4]),
        occurred_at=row[5],
        attempts=row[6],
        age=row[7],
        request_id=row[8],
    )


def _columns(files: Sequence[FileToFetch]) -> dict[str, Any]:
    return {
        "numbers": [file.phone_number_id for file in files],
        "ids": [file.media_id for file in files],
    }


_QUEUE = Statement("""
INSERT INTO wabot.media (phone_number_id, media_id, event_key, contact, kind, app_id, occurred_at)
SELECT f.* FROM unnest(
    %(numbers)s::text[], %(ids)s::text[], %(keys)s::text[], %(contacts)s::text[],
    %(kinds)s::text[], %(apps)s::text[], %(times)s::timestamptz[]
) AS f(phone_number_id, media_id, event_key, contact, kind, app_id, occurred_at)
WHERE NOT EXISTS (SELECT 1 FROM wabot.inbox i
                  WHERE i.phone_number_id = f.phone_number_id AND i.dedup_key = f.event_key)
ON CONFLICT DO NOTHING
""")

_CLAIM = f"""
WITH open AS (
    SELECT m.phone_number_id, m.media_id,
           row_number() OVER (PARTITION BY m.phone_number_id ORDER BY m.due_at) AS place
    FROM wabot.media m JOIN wabot.clients cl USING (phone_number_id)
    WHERE m.due_at <= now() AND (m.lease_until IS NULL OR m.lease_until < now())
      AND {IS_SERVED} AND (cl.app_id = '' OR m.app_id IN ('', cl.app_id))
), chosen AS (
    SELECT m.phone_number_id, m.media_id
    FROM wabot.media m JOIN open o USING (phone_number_id, media_id)
    LEFT JOIN unnest(%(busy)s::text[], %(counts)s::int[]) b(phone_number_id, taken)
      USING (phone_number_id)
    WHERE o.place <= %(per_tenant)s - coalesce(b.taken, 0)
      AND (m.lease_until IS NULL OR m.lease_until < now())
    ORDER BY m.due_at LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
)
UPDATE wabot.media m SET owner = %(owner)s, lease_until = now() + %(lease)s::interval
FROM chosen c WHERE (m.phone_number_id, m.media_id) = (c.phone_number_id, c.media_id)
RETURNING m.phone_number_id, m.media_id, m.event_key, m.contact, m.kind, m.occurred_at,
          m.attempts, now() - m.received_at,
          coalesce((SELECT i.request_id FROM wabot.inbox i
                    WHERE (i.phone_number_id, i.dedup_key) = (m.phone_number_id, m.event_key)), '')
"""

_RENEW = """
UPDATE wabot.media m SET lease_until = now() + %(lease)s::interval
FROM unnest(%(numbers)s::text[], %(ids)s::text[]) AS k(phone_number_id, media_id)
WHERE (m.phone_number_id, m.media_id) = (k.phone_number_id, k.media_id) AND owner = %(owner)s
"""

# From two seconds, each pause as long as all before, up to ten minutes.
_POSTPONE = """
UPDATE wabot.media m
SET due_at = now() + least(greatest(now() - received_at, interval '2 s'), interval '10 min'),
    owner = NULL, lease_until = NULL, attempts = attempts + %(counted)s::boolean::int,
    last_error = %(reason)s
FROM unnest(%(numbers)s::text[], %(ids)s::text[]) AS k(phone_number_id, media_id)
WHERE (m.phone_number_id, m.media_id) = (k.phone_number_id, k.media_id) AND owner = %(owner)s
"""

_FINISH = """
DELETE FROM wabot.media m
USING unnest(%(numbers)s::text[], %(ids)s::text[]) AS k(phone_number_id, media_id)
WHERE (m.phone_number_id, m.media_id) = (k.phone_number_id, k.media_id)
"""

_RELEASE_ALL = """
UPDATE wabot.media SET owner = NULL, lease_until = NULL WHERE owner = %(owner)s
"""

_PURGE = "DELETE FROM wabot.media WHERE received_at < now() - %(kept)s::interval"

# As the journal's of events.
_WATCH = f"""
WITH stuck AS (
    SELECT cl.id, cl.slug, count(*) AS files, min(m.received_at) AS since
    FROM wabot.media m JOIN wabot.clients cl USING (phone_number_id)
    WHERE m.received_at < now() - %(patience)s::interval AND {IS_SERVED}
    GROUP BY cl.id
), over AS (
    UPDATE wabot.alerts a SET resolved_at = now()
    WHERE a.rule = 'media_waits' AND a.resolved_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM stuck s WHERE s.id = a.client_id)
)
INSERT INTO wabot.alerts AS a (key, rule, client_id, severity, message)
SELECT 'media_waits:' || id, 'media_waits', id, 'warning',
       'Files that customers sent to ' || slug || ' wait to be fetched: ' || files || ' since '
       || to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
       || ' UTC. Look at them: wabot inbox files --tenant ' || slug
FROM stuck
ON CONFLICT (key) DO UPDATE SET
    occurrences = 1, first_at = now(), last_at = now(), resolved_at = NULL,
    message = excluded.message
WHERE a.resolved_at IS NOT NULL
RETURNING a.message
"""

_RECORD = TenantStatement("""
INSERT INTO {media} AS m (media_id, event_key, contact, kind, mime_type, size, sha256, location,
                          status, reason, occurred_at)
VALUES (%(media)s, %(key)s, %(contact)s, %(kind)s, %(mime_type)s, %(size)s, %(sha256)s,
        %(location)s, %(status)s, %(reason)s, %(at)s)
ON CONFLICT (media_id) DO UPDATE SET
    mime_type = excluded.mime_type, size = excluded.size, sha256 = excluded.sha256,
    location = excluded.location, status = excluded.status, reason = excluded.reason
WHERE m.status <> 'stored'
""")
