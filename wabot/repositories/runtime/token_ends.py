"""What servers learn of the ends of shops' tokens."""

from datetime import datetime

from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.pools import Pools

# What was said of a token says nothing of the one that took its place.
_NOTE = """
UPDATE wabot.clients SET token_expires_at = %(end)s, token_checked_at = now()
WHERE id = %(client)s AND whatsapp_token = %(token)s
"""


class PostgresTokenEnds:
    """The columns of `clients` that the runtime may change."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def note(self, tenant: Tenant, end: datetime | None) -> None:
        """Write down when the present token ends, as Graph just said; None is never."""
        values = {"client": tenant.id, "token": tenant.token, "end": end}
        async with self._pools.central() as connection:
            await connection.execute(_NOTE, values)
