"""What came while nobody worked for a client, due at once."""

from uuid import UUID

from sqlalchemy import Connection

_WAKE = """
WITH waiting AS (
    SELECT contact, count(*) AS events FROM wabot.inbox
    WHERE client_id = %(client)s AND state = 'waiting' GROUP BY 1 ORDER BY 1
), due AS (
    INSERT INTO wabot.conversations AS c (client_id, contact, due_at)
    SELECT %(client)s, contact, now() FROM waiting
    ON CONFLICT (client_id, contact) DO UPDATE SET due_at = least(c.due_at, excluded.due_at)
)
SELECT coalesce(sum(events), 0) FROM waiting
"""


def wake(connection: Connection, client_id: UUID) -> int:
    """Let a client's waiting events be handled now; return how many there are."""
    return int(connection.exec_driver_sql(_WAKE, {"client": client_id}).scalar_one())
