"""How much of one kind of work a process does at once, in all and for one tenant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID


class Gate:
    """Lets so many through at once, and fewer of one tenant: a slow shop never takes every place.

    Whoever waits for their own tenant's place takes none of the others'.
    """

    def __init__(self, total: int, per_tenant: int) -> None:
        self._places = asyncio.Semaphore(total)
        self._per_tenant = per_tenant
        self._tenants: dict[UUID, asyncio.Semaphore] = {}
        self._present: dict[UUID, int] = {}

    @asynccontextmanager
    async def through(self, client_id: UUID) -> AsyncIterator[None]:
        """Wait for a place of the tenant and hold it for the block."""
        tenant = self._tenants.setdefault(client_id, asyncio.Semaphore(self._per_tenant))
        self._present[client_id] = self._present.get(client_id, 0) + 1
        try:
            async with tenant, self._places:
                yield
        finally:
            self._present[client_id] -= 1
            if not self._present[client_id]:
                del self._present[client_id], self._tenants[client_id]
