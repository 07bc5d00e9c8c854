"""Who gets which of a few places: best the one that knows them already."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_PATIENCE = 0.25
"""Seconds for which others, whose own lane came free, may go before whoever waits longest."""


@dataclass(slots=True)
class _Waiting:
    home: int | None
    since: float
    given: "asyncio.Future[int]"


class Lanes:
    """So many places, each for one at a time.

    Whoever has a home takes it when it is free, else the next that is: nobody waits while one is
    free. A lane that comes free goes to the first in the queue who is at home there, or anywhere.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = set(range(count))
        self._waiting: list[_Waiting] = []

    @property
    def waiting(self) -> int:
        """Return how many wait for a lane."""
        return len(self._waiting)

    @property
    def free(self) -> frozenset[int]:
        """Return the lanes that nobody has."""
        return frozenset(self._free)

    async def take(self, home: int | None, timeout: float) -> int:
        """Wait for a lane; raises TimeoutError."""
        for lane in self._preferred(home):
            if lane in self._free:
                self._free.remove(lane)
                return lane
        loop = asyncio.get_running_loop()
        waiting = _Waiting(home, loop.time(), loop.create_future())
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                return await waiting.given
        except BaseException:
            self._withdraw(waiting)
            raise

    def give(self, lane: int) -> None:
        """Let somebody else have the lane."""
        # Who was cancelled a moment ago has not left the queue yet.
        self._waiting = [one for one in self._waiting if not one.given.done()]
        if self._waiting:
            self._waiting.pop(self._next(lane)).given.set_result(lane)
        else:
            self._free.add(lane)

    def _preferred(self, home: int | None) -> Iterator[int]:
        first = home or 0
        return ((first + step) % self._count for step in range(self._count))

    def _next(self, lane: int) -> int:
        """Return whose turn it is, by their place in the queue."""
        oldest = self._waiting[0]
        if asyncio.get_running_loop().time() - oldest.since < _PATIENCE:
            for place, waiting in enumerate(self._waiting):
                if waiting.home in {None, lane}:
                    return place
        return 0

    def _withdraw(self, waiting: _Waiting) -> None:
        with suppress(ValueError):
            self._waiting.remove(waiting)
        if waiting.given.done() and not waiting.given.cancelled():
            # Given in the same moment in which it was no longer wanted.
            self.give(waiting.given.result())
