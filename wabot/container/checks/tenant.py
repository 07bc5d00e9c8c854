"""The checks of shops: their rows, the doctor's findings, and the way their turns go in."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from wabot.checks.model import CheckSet
from wabot.checks.tenant import STRAYS, TENANT, Shop
from wabot.container.checks.surroundings import Surroundings
from wabot.services.provisioning.look import find_tenant

if TYPE_CHECKING:
    from wabot.domain.drift import Finding
    from wabot.domain.tenant import Tenant
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.provisioning.doctor import Diagnosis, ExamineTenants

_CONNECTIONS = 4
_NEEDS = ("database.revision", "database.runtime_login")


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""
    examined = _Examined(around)

    async def shops() -> Mapping[str, Shop]:
        tenants, stopped = await _read(around)
        found = await examined.findings()
        pools = await _pools(around)
        return {
            tenant.slug: Shop(
                tenant,
                None if found is None else [f for f in found if f.slug == tenant.slug],
                stopped.get(tenant.id),
                partial(pools.reach, tenant),
            )
            for tenant in tenants
        }

    async def strays() -> "Mapping[str, Sequence[Finding]]":
        # Not with the shops: beside a server they are looked at a few at a time.
        found = await examined.strays() if around.slugs is None else None
        return {} if found is None else {"": [finding for finding in found if not finding.slug]}

    return (
        CheckSet(TENANT, shops, needs=_NEEDS, shops=True),
        CheckSet(STRAYS, strays, needs=_NEEDS),
    )


class _Examined:
    """What the doctor finds, looked for once; nothing where the owner's login is not at hand."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._task: asyncio.Task[Diagnosis] | None = None

    async def findings(self) -> "Sequence[Finding] | None":
        urls = await self._around.central()
        if not urls.owner:
            return None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(asyncio.to_thread(self._examine, urls.owner))
        return (await asyncio.shield(self._task)).findings

    def _examine(self, owner_url: str) -> "Diagnosis":
        with self._doctor(owner_url) as doctor:
            return doctor.examine(self._around.slugs)

    async def strays(self) -> "Sequence[Finding] | None":
        """Return what belongs to no shop; nothing where the owner's login is not at hand."""
        urls = await self._around.central()
        return await asyncio.to_thread(self._strays, urls.owner) if urls.owner else None

    def _strays(self, owner_url: str) -> "Sequence[Finding]":
        with self._doctor(owner_url) as doctor:
            return doctor.strays()

    @contextmanager
    def _doctor(self, owner_url: str) -> "Iterator[ExamineTenants]":
        from wabot.container.fleet import doctor_of
        from wabot.container.provisioning import tenants_at

        keys = self._around.settings["WABOT_MASTER_KEY"]
        with tenants_at(owner_url, keys=keys) as provisioning:
            yield doctor_of(provisioning)


async def _read(around: Surroundings) -> "tuple[Sequence[Tenant], Mapping[Any, Any]]":
    url = (await around.central()).runtime_url

    def read() -> "tuple[Sequence[Tenant], Mapping[Any, Any]]":
        from wabot.container.provisioning import tenants_at

        with tenants_at(url) as provisioning:
            tenants = provisioning.tenants.chosen(around.slugs)
            for slug in set(around.slugs or ()) - {tenant.slug for tenant in tenants}:
                find_tenant(provisioning.tenants, slug)
            return tenants, provisioning.tenants.all_stopped()

    return await asyncio.to_thread(read)


async def _pools(around: Surroundings) -> "Pools":
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.runtime.pools import Pools

    keys = around.settings["WABOT_MASTER_KEY"]
    decrypt = TokenCipher(keys).decrypt if keys else None
    pools = Pools((await around.central()).runtime_url, size=_CONNECTIONS, decrypt=decrypt)
    around.opened.push_async_callback(pools.close)
    await pools.open()
    return pools
