"""Events that came for a number before any client had it."""

from sqlalchemy import Connection

from wabot.domain.tenant import Tenant

# Oldest first into the conversations, in the order in which every other writer locks them.
_ATTACH = """
WITH attached AS (
    UPDATE wabot.inbox SET client_id = %(client)s, state = 'waiting'
    WHERE phone_number_id = %(number)s AND state = 'unrouted'
      AND (%(app)s = '' OR app_id IN ('', %(app)s))
    RETURNING contact
), due AS (
    INSERT INTO wabot.conversations AS c (client_id, contact, due_at)
    SELECT %(client)s, contact, now() FROM attached GROUP BY contact ORDER BY contact
    ON CONFLICT (client_id, contact) DO UPDATE SET due_at = least(c.due_at, excluded.due_at)
)
SELECT count(*) FROM attached
"""


def attach(connection: Connection, tenant: Tenant) -> int:
    """Hand the number's waiting events to the client; return how many.

    What an app signed stays away from a client that is bound to another app.
    """
    result = connection.exec_driver_sql(
        _ATTACH,
        {"client": tenant.id, "number": tenant.phone_number_id, "app": tenant.app_id},
    )
    return int(result.scalar_one())
