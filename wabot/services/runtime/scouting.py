"""The first message of a shop after a while goes alone: those behind it would meet the same."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from wabot.domain.pacing import Recent

_TRUSTED_FOR = 60.0
_PATIENCE = 1.0


class Scouts:
    """One message at a time of a tenant of which nothing was accepted lately.

    So a token that died costs a try or two, however many messages are ready.
    """

    def __init__(
        self,
        *,
        patience: float = _PATIENCE,
        most: int = 20_000,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience
        self._timer = timer
        self._accepted: Recent[UUID, float] = Recent(most)
        self._out: dict[UUID, asyncio.Lock] = {}

    def accepted(self, client_id: UUID) -> None:
        """Note that a message passed: the next ones may go side by side."""
        self._accepted.put(client_id, self._timer())

    @asynccontextmanager
    async def behind(self, client_id: UUID) -> AsyncIterator[None]:
        """Wait a moment for the scout that is out, if any; be the next one else."""
        if self._trusts(client_id):
            yield
            return
        lock = self._out.setdefault(client_id, asyncio.Lock())
        held = await self._acquire(lock)
        if held and self._trusts(client_id):
            lock.release()
            held = False
        try:
            yield
        finally:
            if held:
                lock.release()
            if not lock.locked():
                self._out.pop(client_id, None)

    def _trusts(self, client_id: UUID) -> bool:
        last = self._accepted.get(client_id)
        return last is not None and self._timer() - last < _TRUSTED_FOR

    async def _acquire(self, lock: asyncio.Lock) -> bool:
        """Return whether the lock is held: whoever waited long enough goes without."""
        try:
            async with asyncio.timeout(self._patience):
                return await lock.acquire()
        except TimeoutError:
            return False
