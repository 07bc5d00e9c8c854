"""Group commit: what arrives while a flush runs goes into the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Hand items to `flush` in batches, one flush at a time; results come back in order.

    A flush that raises fails every item of its batch with that error.
    """

    def __init__(
        self, flush: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, limit: int
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def backlog(self) -> int:
        """Return how many items wait for a flush."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Tell whether anything waits or is being flushed."""
        return bool(self._waiting) or self._task is not None

    async def submit(self, item: Item) -> Result:
        """Add an item and wait for its result."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            # In a context of its own: what a batch does is nobody's in particular, and what it
            # logs must not carry the name of whoever came first.
            self._task = asyncio.create_task(self._run(), context=Context())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                size = min(self._limit, len(self._waiting))
                await self._flush_batch([self._waiting.popleft() for _ in range(size)])
        finally:
            self._task = None

    async def _flush_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._flush([item for item, _ in batch])
        except Exception as error:  # every waiter must learn of it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
