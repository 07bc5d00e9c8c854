"""Events that came for a number before any client had it."""

from uuid import UUID

from sqlalchemy import Connection

# Oldest first into the conversations, in the order in which every other writer locks them.
_ATTACH = """
WITH attached AS (
    UPDATE wabot.inbox SET client_id = %(client)s, state = 'waiting'
    WHERE phone_number_id = %(number)s AND state = 'unrouted'
    RETURNING contact
), due AS (
    INSERT INTO wabot.conversations AS c (client_id, contact, due_at)
    SELECT %(client)s, contact, now() FROM attached GROUP BY contact ORDER BY contact
    ON CONFLICT (client_id, contact) DO UPDATE SET due_at = least(c.due_at, excluded.due_at)
)
SELECT count(*) FROM attached
"""


def attach(connection: Connection, client_id: UUID, phone_number_id: str) -> int:
    """Hand the number's waiting events to the client; return how many."""
    result = connection.exec_driver_sql(_ATTACH, {"client": client_id, "number": phone_number_id})
    return int(result.scalar_one())
