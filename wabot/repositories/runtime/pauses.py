"""Stops of sending in the central database."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.serving import IS_SERVED
from wabot.services.runtime.pausing_ports import SendingPause
from wabot.services.runtime.ports import Clock

_STANDING = """
SELECT client_id, probes, next_probe_at - now() FROM wabot.sending_pauses
"""

# Said of a token that is not the client's any more, a refusal stops nothing. The alert is raised
# once: the row that stands already was told of.
_BEGIN = """
WITH begun AS (
    INSERT INTO wabot.sending_pauses AS p (client_id, reason, code, next_probe_at)
    SELECT id, %(reason)s, %(code)s::int, now() + %(probe_in)s::interval
    FROM wabot.clients WHERE id = %(client)s AND whatsapp_token = %(token)s
    ON CONFLICT (client_id) DO UPDATE SET reason = excluded.reason, code = excluded.code
    RETURNING client_id, p.xmax = 0 AS new
), told AS (
    INSERT INTO wabot.alerts AS a (key, rule, client_id, severity, message)
    SELECT 'sending_paused:' || client_id, 'sending_paused', client_id, 'error', %(message)s
    FROM begun WHERE new
    ON CONFLICT (key) DO UPDATE SET
        occurrences = CASE WHEN a.resolved_at IS NULL THEN a.occurrences + 1 ELSE 1 END,
        first_at = CASE WHEN a.resolved_at IS NULL THEN a.first_at ELSE now() END,
        last_at = now(), resolved_at = NULL, message = excluded.message,
        severity = excluded.severity
)
SELECT new FROM begun
"""

# A rotation may have committed after that statement's snapshot: its insert waits for the row.
_UNDO = """
WITH undone AS (
    DELETE FROM wabot.sending_pauses p USING wabot.clients c
    WHERE p.client_id = %(client)s AND c.id = p.client_id AND c.whatsapp_token <> %(token)s
    RETURNING p.client_id
), resolved AS (
    UPDATE wabot.alerts a SET resolved_at = now() FROM undone
    WHERE a.key = 'sending_paused:' || undone.client_id AND a.resolved_at IS NULL
)
SELECT 1 FROM undone
"""

_CLAIM_PROBE = """
UPDATE wabot.sending_pauses
SET probes = probes + 1, next_probe_at = now() + %(probe_in)s::interval
WHERE client_id = %(client)s AND probes = %(probes)s AND next_probe_at <= now()
"""

_PROBE_AGAIN = """
UPDATE wabot.sending_pauses SET next_probe_at = now() + %(probe_in)s::interval
WHERE client_id = %(client)s
"""

_END = """
WITH ended AS (
    DELETE FROM wabot.sending_pauses WHERE client_id = %(client)s RETURNING client_id
), resolved AS (
    UPDATE wabot.alerts SET resolved_at = now()
    WHERE key = 'sending_paused:' || %(client)s::text AND resolved_at IS NULL
)
SELECT 1 FROM ended
"""

# One after the other: all at once they would keep other shops' conversations waiting. Those that
# fall due within that time have been woken already, or need not be.
_WAKE = f"""
WITH waiting AS (
    SELECT c.client_id, c.contact, row_number() OVER shop AS place, count(*) OVER all_of AS many,
           1.25 / greatest(cl.throughput, 1) AS step
    FROM wabot.conversations c
    JOIN wabot.clients cl ON cl.id = c.client_id AND {IS_SERVED}
    CROSS JOIN LATERAL (
        SELECT min(i.received_at) AS since FROM wabot.inbox i
        WHERE i.client_id = c.client_id AND i.contact = c.contact AND i.state = 'waiting'
    ) w
    WHERE c.client_id = ANY(%(clients)s::uuid[]) AND c.due_at > now() AND w.since IS NOT NULL
    WINDOW shop AS (PARTITION BY c.client_id ORDER BY w.since),
           all_of AS (PARTITION BY c.client_id)
), late AS (
    SELECT c.client_id, c.contact, w.place, w.step
    FROM wabot.conversations c JOIN waiting w USING (client_id, contact)
    WHERE c.due_at > now() + make_interval(secs => w.many * w.step)
    ORDER BY 1, 2 FOR UPDATE OF c
)
UPDATE wabot.conversations c SET due_at = now() + make_interval(secs => (l.place - 1) * l.step)
FROM late l WHERE c.client_id = l.client_id AND c.contact = l.contact
"""

# The one that was looked at longest ago: so each gets its turn, should its message not be the one.
_WAKE_FOR_PROBES = """
WITH next AS (
    SELECT DISTINCT ON (client_id) client_id, contact FROM wabot.conversations
    WHERE client_id = ANY(%(clients)s::uuid[]) AND due_at IS NOT NULL
      AND (lease_until IS NULL OR lease_until < now())
    ORDER BY client_id, due_at
), locked AS (
    SELECT c.client_id, c.contact FROM wabot.conversations c JOIN next USING (client_id, contact)
    ORDER BY 1, 2 FOR UPDATE OF c
)
UPDATE wabot.conversations c SET due_at = least(c.due_at, now())
FROM locked l WHERE c.client_id = l.client_id AND c.contact = l.contact
"""


class PostgresPauses:
    """The stops of sending of all tenants."""

    def __init__(self, pools: Pools, *, clock: Clock) -> None:
        self._pools = pools
        self._clock = clock

    async def standing(self) -> list[SendingPause]:
        """Return all of them: there are few."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(_STANDING)
            return [SendingPause(*row) for row in await cursor.fetchall()]

    async def begin(
        self, tenant: Tenant, *, code: int | None, reason: str, message: str, probe_in: timedelta
    ) -> bool | None:
        """Stop a tenant's sending and raise the alert; tell whether it still went on before.

        None, and nothing is stopped, when the tenant has another token by now.
        """
        values = {
            "client": tenant.id,
            "token": tenant.token,
            "code": code,
            "reason": reason,
            "message": message,
            "probe_in": probe_in,
        }
        async with self._pools.central() as connection:
            cursor = await connection.execute(_BEGIN, values)
            row = await cursor.fetchone()
            undone = await (await connection.execute(_UNDO, values)).fetchone()
        return row[0] if row and not undone else None

    async def claim_probe(self, client_id: UUID, probes: int, probe_in: timedelta) -> bool:
        """Take the one try that is due after so many; false when somebody else has it."""
        values = {"client": client_id, "probes": probes, "probe_in": probe_in}
        async with self._pools.central() as connection:
            cursor = await connection.execute(_CLAIM_PROBE, values)
            return cursor.rowcount > 0

    async def probe_again(self, client_id: UUID, probe_in: timedelta) -> None:
        """Let the next try be due so soon: the last one said nothing of the cause."""
        async with self._pools.central() as connection:
            await connection.execute(_PROBE_AGAIN, {"client": client_id, "probe_in": probe_in})

    async def end(self, client_id: UUID) -> bool:
        """Let sending go on and resolve the alert; false when it went on already."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(_END, {"client": client_id})
            return await cursor.fetchone() is not None

    async def wake(self, client_ids: Collection[UUID]) -> int:
        """Let what waits for these tenants fall due, oldest first, at the pace of their numbers."""
        async with self._pools.central() as connection:
            asked = {"clients": list(client_ids), "now": self._clock.now()}
            cursor = await connection.execute(_WAKE, asked)
            return cursor.rowcount

    async def wake_for_probes(self, client_ids: Collection[UUID]) -> int:
        """Let one waiting conversation of each of these tenants fall due."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(_WAKE_FOR_PROBES, {"clients": list(client_ids)})
            return cursor.rowcount
