"""The central inbox as operators handle it: what waits or failed, tried again or given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from wabot.errors import NotFound

STATES = ("waiting", "failed", "unrouted", "done")


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event without its content; `tenant` is empty while no client has its number."""

    id: int
    tenant: str
    phone_number_id: str
    contact: str
    kind: str
    state: str
    attempts: int
    received_at: datetime
    due_at: datetime
    last_error: str


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A customer's file that is still to be fetched; `tenant` is empty while nobody has its number.

    `event` is the key of the message that brought it.
    """

    tenant: str
    phone_number_id: str
    contact: str
    kind: str
    event: str
    attempts: int
    received_at: datetime
    due_at: datetime
    last_error: str


class SqlInbox:
    """The inbox over a connection of the owner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listing(self, states: Sequence[str], slug: str, limit: int) -> tuple[InboxEvent, ...]:
        """Return the newest events in those states, of one tenant if a slug is given."""
        values = {"states": list(states), "slug": slug, "limit": limit}
        with self._engine.connect() as connection:
            _require(connection, slug)
            rows = connection.exec_driver_sql(_LIST, values).all()
        return tuple(InboxEvent(*row) for row in rows)

    def files(self, slug: str, limit: int) -> tuple[WaitingFile, ...]:
        """Return the files still to be fetched, the oldest first, of one tenant if one is given."""
        with self._engine.connect() as connection:
            _require(connection, slug)
            rows = connection.exec_driver_sql(_FILES, {"slug": slug, "limit": limit}).all()
        return tuple(WaitingFile(*row) for row in rows)

    def get(self, event_id: int) -> tuple[InboxEvent, Any]:
        """Return an event with its content; raises NotFound."""
        with self._engine.connect() as connection:
            row = connection.exec_driver_sql(_GET, {"id": event_id}).one_or_none()
        if row is None:
            raise NotFound(
                f"There is no event {event_id} in the inbox",
                hint="Handled events are purged after WABOT_JOURNAL_HOURS. See: wabot inbox list",
            )
        return InboxEvent(*row[:-1]), row[-1]

    def retry(self, ids: Sequence[int], *, actor: str) -> int:
        """Let failed or waiting events be handled again at once; return how many there were."""
        with self._engine.begin() as connection:
            return _again(connection, _RETRY, {"ids": list(ids)}, "inbox.retry", actor)

    def retry_failed(self, slug: str, *, actor: str) -> int:
        """Let every failed event be handled again, of one tenant if a slug is given."""
        with self._engine.begin() as connection:
            _require(connection, slug)
            return _again(connection, _RETRY_FAILED, {"slug": slug}, "inbox.retry", actor)

    def replay(self, slug: str, contact: str, *, actor: str) -> int:
        """Take a conversation's events through again; what was handled changes nothing.

        What was discarded stays so.
        """
        values = {"slug": slug, "contact": contact}
        with self._engine.begin() as connection:
            _require(connection, slug)
            return _again(connection, _REPLAY, values, "inbox.replay", actor)

    def discard(self, ids: Sequence[int], *, actor: str) -> int:
        """Give events up that failed, wait or have no client; return how many there were."""
        values = {"ids": list(ids), "actor": actor}
        with self._engine.begin() as connection:
            found = connection.exec_driver_sql(_DISCARD, values).all()
            _seen_to(connection, [(row[0], row[1]) for row in found], "inbox.discard", actor)
        return len(found)


def _require(connection: Connection, slug: str) -> None:
    """Raise NotFound for a slug that no client has; an empty one asks for none."""
    if slug and not connection.exec_driver_sql(_IS_CLIENT, {"slug": slug}).scalar():
        raise NotFound(f"There is no tenant {slug}", hint="See: wabot tenant list")


def _again(
    connection: Connection, statement: str, values: dict[str, Any], action: str, actor: str
) -> int:
    found = connection.exec_driver_sql(statement, values).all()
    _seen_to(connection, [(row[0], row[1]) for row in found], action, actor)
    return len(found)


def _seen_to(
    connection: Connection, events: Sequence[tuple[int, UUID | None]], action: str, actor: str
) -> None:
    if events:
        connection.exec_driver_sql(_RESOLVE, {"ids": [event for event, _ in events]})
        connection.exec_driver_sql(
            _AUDIT,
            {
                "actor": actor,
                "action": action,
                "ids": [event for event, _ in events],
                "clients": [client for _, client in events],
            },
        )


_IS_CLIENT = "SELECT EXISTS (SELECT 1 FROM wabot.clients WHERE slug = %(slug)s)"

_COLUMNS = """
SELECT i.id, coalesce(c.slug, ''), i.phone_number_id, i.contact, i.kind, i.state, i.attempts,
       i.received_at, i.due_at,
       CASE WHEN i.state <> 'unrouted' THEN coalesce(i.last_error, '')
            WHEN n.slug IS NULL THEN 'no shop has the number ' || i.phone_number_id
            ELSE 'signed by the app ' || i.app_id || '; ' || n.slug || ' is bound to ' || n.app_id
       END
"""
_JOINED = """
wabot.inbox i LEFT JOIN wabot.clients c ON c.id = i.client_id
LEFT JOIN wabot.clients n ON i.state = 'unrouted' AND n.phone_number_id = i.phone_number_id
"""

_LIST = f"""
{_COLUMNS} FROM {_JOINED}
WHERE i.state = ANY(%(states)s::text[]) AND (%(slug)s = '' OR c.slug = %(slug)s)
ORDER BY i.id DESC LIMIT %(limit)s
"""

_FILES = """
SELECT coalesce(c.slug, ''), m.phone_number_id, m.contact, m.kind, m.event_key, m.attempts,
       m.received_at, m.due_at, coalesce(m.last_error, '')
FROM wabot.media m LEFT JOIN wabot.clients c USING (phone_number_id)
WHERE %(slug)s = '' OR c.slug = %(slug)s
ORDER BY m.received_at LIMIT %(limit)s
"""

_GET = f"""
{_COLUMNS}, i.payload FROM {_JOINED}
WHERE i.id = %(id)s
"""

# Their conversations are due at once; whoever holds one goes on with what is new.
_WAKE = """
, due AS (
    INSERT INTO wabot.conversations AS k (client_id, contact, due_at)
    SELECT DISTINCT client_id, contact, now() FROM again WHERE client_id IS NOT NULL ORDER BY 1, 2
    ON CONFLICT (client_id, contact) DO UPDATE SET due_at = least(k.due_at, excluded.due_at)
)
SELECT id, client_id FROM again
"""

_REQUEUE = """
UPDATE wabot.inbox i
SET state = 'waiting', attempts = 0, due_at = now(), quiet = false, done_at = NULL,
    last_error = NULL
"""

_RETRY = f"""
WITH again AS (
    {_REQUEUE} WHERE i.id = ANY(%(ids)s::bigint[]) AND i.state IN ('failed', 'waiting')
    RETURNING i.id, i.client_id, i.contact
) {_WAKE}
"""

_RETRY_FAILED = f"""
WITH again AS (
    {_REQUEUE} FROM wabot.clients c
    WHERE i.state = 'failed' AND c.id = i.client_id AND (%(slug)s = '' OR c.slug = %(slug)s)
    RETURNING i.id, i.client_id, i.contact
) {_WAKE}
"""

_REPLAY = f"""
WITH again AS (
    {_REQUEUE} FROM wabot.clients c
    WHERE c.id = i.client_id AND c.slug = %(slug)s AND i.contact = %(contact)s
      AND i.state IN ('failed', 'waiting', 'done')
      AND NOT starts_with(coalesce(i.last_error, ''), 'discarded by ')
    RETURNING i.id, i.client_id, i.contact
) {_WAKE}
"""

_DISCARD = """
UPDATE wabot.inbox SET state = 'done', done_at = now(), last_error = 'discarded by ' || %(actor)s
WHERE id = ANY(%(ids)s::bigint[]) AND state IN ('failed', 'waiting', 'unrouted')
RETURNING id, client_id
"""

# Somebody has seen to them; should one fail again, its alert is raised again.
_RESOLVE = """
UPDATE wabot.alerts SET resolved_at = now()
WHERE resolved_at IS NULL
  AND key IN (SELECT 'event_set_aside:' || id FROM unnest(%(ids)s::bigint[]) AS e(id))
"""

_AUDIT = """
INSERT INTO wabot.audit_log (actor, action, client_id, slug, details)
SELECT %(actor)s, %(action)s, e.client_id, c.slug, jsonb_build_object('event', e.event)
FROM unnest(%(ids)s::bigint[], %(clients)s::uuid[]) AS e(event, client_id)
LEFT JOIN wabot.clients c ON c.id = e.client_id
"""
