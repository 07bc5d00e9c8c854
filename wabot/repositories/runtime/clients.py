"""The clients as the runtime sees them: read when first needed, again when they change."""

from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from wabot.domain.placement import placement_from_config
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.repositories.plan_columns import OVERRIDES, overrides_from, standing_from
from wabot.repositories.runtime.pools import Pools

_SELECT = f"""
SELECT id, slug, name, phone_number_id, plan_type, db_connection_config, whatsapp_token, status,
       template, country, currency, time_zone, waba_id, app_id, schema_revision, created_at,
       throughput,
       coalesce((SELECT p.whatsapp_token FROM wabot.previous_tokens p
                 WHERE p.client_id = clients.id AND p.kept_until > now()), ''),
       trial_ends_at, grace_ends_at, suspends_at, {OVERRIDES},
       (SELECT version FROM wabot.registry)
FROM wabot.clients
"""

Key = TypeVar("Key")
Value = TypeVar("Value")


class PostgresClients:
    """A cache over the table of clients, kept fresh by polling the registry's version.

    At most `most` of them are kept, and as many numbers, known or not: 1.5 MB per 1,000.
    """

    def __init__(self, pools: Pools, *, most: int = 20_000) -> None:
        self._pools = pools
        self._most = most
        self._by_number: dict[str, Tenant | None] = {}
        self._by_id: dict[UUID, Tenant] = {}
        self._version = -1

    async def by_phone_number_id(self, phone_number_id: str) -> Tenant | None:
        """Find the client that has this number."""
        if phone_number_id not in self._by_number:
            version = self._version
            tenant = await self._read("WHERE phone_number_id = %s", phone_number_id)
            if version != self._version:
                return tenant
            self._keep(self._by_number, phone_number_id, tenant)
            return tenant
        return self._by_number[phone_number_id]

    async def by_waba_id(self, waba_id: str) -> list[Tenant]:
        """Find the clients of a WhatsApp business account."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(
                f"{_SELECT} WHERE waba_id = %s AND waba_id <> ''", (waba_id,)
            )
            return [_tenant(row) for row in await cursor.fetchall()]

    async def by_id(self, client_id: UUID) -> Tenant | None:
        """Find a client."""
        return self._by_id.get(client_id) or await self._read("WHERE id = %s", client_id)

    async def by_slug(self, slug: str) -> Tenant | None:
        """Find a client by its name on the command line."""
        return await self._read("WHERE slug = %s", slug)

    async def read_again(self, client_id: UUID) -> Tenant | None:
        """Find a client as it is now, whatever is kept of it."""
        return await self._read("WHERE id = %s", client_id)

    async def refresh(self) -> bool:
        """Forget what changed; tell whether anything did."""
        async with self._pools.central() as connection:
            cursor = await connection.execute("SELECT version FROM wabot.registry")
            row = await cursor.fetchone()
        version = row[0] if row else 0
        if version == self._version:
            return False
        self._version = version
        self._by_number.clear()
        self._by_id.clear()
        return True

    async def forget_previous_token(self, tenant: Tenant) -> None:
        """Delete the token before the present one, which has sent something by now."""
        async with self._pools.central() as connection:
            await connection.execute(
                "DELETE FROM wabot.previous_tokens WHERE client_id = %s AND whatsapp_token = %s",
                (tenant.id, tenant.previous_token),
            )
        # What was read again meanwhile stays as it is.
        if self._by_id.get(tenant.id) is tenant:
            self._by_id[tenant.id] = replace(tenant, previous_token="")
        if self._by_number.get(tenant.phone_number_id) is tenant:
            del self._by_number[tenant.phone_number_id]

    async def purge_previous_tokens(self) -> None:
        """Delete former tokens that nobody needed for so long."""
        async with self._pools.central() as connection:
            await connection.execute("DELETE FROM wabot.previous_tokens WHERE kept_until <= now()")

    async def _read(self, where: str, value: object) -> Tenant | None:
        async with self._pools.central() as connection:
            cursor = await connection.execute(f"{_SELECT} {where}", (value,))
            row = await cursor.fetchone()
        if row is None:
            return None
        tenant = _tenant(row)
        # What was read before a change that is known by now must not be kept.
        if row[-1] >= self._version:
            self._keep(self._by_id, tenant.id, tenant)
        return tenant

    def _keep(self, cache: dict[Key, Value], key: Key, value: Value) -> None:
        if len(cache) >= self._most:
            del cache[next(iter(cache))]
        cache[key] = value


def _tenant(row: tuple[Any, ...]) -> Tenant:
    return Tenant(
        id=row[0],
        slug=row[1],
        name=row[2],
        phone_number_id=row[3],
        plan=row[4],
        placement=placement_from_config(row[5]),
        token=row[6],
        status=TenantStatus(row[7]),
        template=row[8],
        country=row[9],
        currency=row[10],
        time_zone=row[11],
        waba_id=row[12],
        app_id=row[13],
        revision=row[14],
        created_at=row[15],
        throughput=row[16],
        previous_token=row[17],
        standing=standing_from(*row[18:21]),
        overrides=overrides_from(row[21]),
    )
