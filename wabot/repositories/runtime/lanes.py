"""Who gets which of a few places: best one that knows them already."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_PATIENCE = 0.25
"""Seconds for which whoever waits would rather have a lane that knows them than a free one."""

_TOO_LONG = 1.0
"""Seconds after which they go before those whom a lane knows."""

_MOST_KNOWN = 20_000
"""Guests who are remembered outside their homes."""


@dataclass(slots=True)
class _Waiting:
    guest: int | None
    lanes: int
    since: float
    given: "asyncio.Future[int]"
    is_patient: bool = True


@dataclass(slots=True)
class _Held:
    guest: int | None
    since: float


class Lanes:
    """So many places, each for one guest at a time.

    Every guest has a lane at home, and knows those that it was given besides. It waits a little for
    one of them although others are free; not when it holds them itself (it needs more of them) or
    when they have been held for long. Those without a number, the guests of a moment, take any.

    Sets of lanes are numbers whose bits are lanes.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._all = (1 << count) - 1
        self._free = self._all
        self._held: dict[int, _Held] = {}
        self._waiting: list[_Waiting] = []
        # Lanes besides the one at home.
        self._known: dict[int, int] = {}
        # The last few are nobody's home: whoever has none finds them free.
        self._homes = count - count // 4

    @property
    def waiting(self) -> int:
        """Return how many wait for a lane."""
        return len(self._waiting)

    @property
    def free(self) -> frozenset[int]:
        """Return the lanes that nobody has."""
        return frozenset(_each(self._free))

    @property
    def remembered(self) -> int:
        """Return how many guests are known outside their homes."""
        return len(self._known)

    async def take(self, guest: int | None, timeout: float) -> int:
        """Wait for a lane; raises TimeoutError."""
        wanted = self._wanted_by(guest)
        lane = self._best(wanted, guest)
        if lane is not None:
            return self._hand(lane, guest)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(guest, wanted, loop.time(), loop.create_future())
        patience = loop.call_later(_PATIENCE, self._lose_patience, waiting)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                return await waiting.given
        except BaseException:
            self._withdraw(waiting)
            raise
        finally:
            patience.cancel()

    def give(self, lane: int) -> None:
        """Let somebody else have the lane."""
        del self._held[lane]
        # Who was cancelled a moment ago has not left the queue yet.
        self._waiting = [one for one in self._waiting if not one.given.done()]
        place = self._next(lane)
        if place is None:
            self._free |= 1 << lane
            return
        waiting = self._waiting.pop(place)
        waiting.given.set_result(self._hand(lane, waiting.guest))

    def _next(self, lane: int) -> int | None:
        """Return whose turn it is, by their place in the queue."""
        long_ago = asyncio.get_running_loop().time() - _TOO_LONG
        impatient = None
        for place, waiting in enumerate(self._waiting):
            if waiting.lanes >> lane & 1 or waiting.since < long_ago:
                return place
            if impatient is None and not waiting.is_patient:
                impatient = place
        return impatient

    def forget(self, lane: int) -> None:
        """Let the lane know nobody: it was made anew."""
        left = ((guest, lanes & ~(1 << lane)) for guest, lanes in self._known.items())
        self._known = {guest: lanes for guest, lanes in left if lanes}

    def _wanted_by(self, guest: int | None) -> int:
        """Return the lanes that are worth waiting for: all of them, if none is in particular."""
        if guest is None:
            return self._all
        lanes = 1 << guest % self._homes | self._known.get(guest, 0)
        if lanes & self._free:
            return lanes
        now = asyncio.get_running_loop().time()
        for lane in _each(lanes):
            held = self._held[lane]
            if held.guest != guest and now - held.since < _PATIENCE:
                return lanes
        return self._all

    def _best(self, wanted: int, guest: int | None) -> int | None:
        free = wanted & self._free
        if not free:
            return None
        if guest is None:
            return free.bit_length() - 1
        home = 1 << guest % self._homes
        # The next after its home: guests that need more lanes do not all take the same.
        above = free & -home
        return next(_each(above or free))

    def _hand(self, lane: int, guest: int | None) -> int:
        self._free &= ~(1 << lane)
        self._held[lane] = _Held(guest, asyncio.get_running_loop().time())
        if guest is not None and lane != guest % self._homes:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[guest] = self._known.get(guest, 0) | 1 << lane
        return lane

    def _lose_patience(self, waiting: _Waiting) -> None:
        waiting.is_patient = False
        lane = self._best(self._all, waiting.guest)
        if lane is not None and not waiting.given.done():
            self._waiting.remove(waiting)
            waiting.given.set_result(self._hand(lane, waiting.guest))

    def _withdraw(self, waiting: _Waiting) -> None:
        with suppress(ValueError):
            self._waiting.remove(waiting)
        if waiting.given.done() and not waiting.given.cancelled():
            # Given in the same moment in which it was no longer wanted.
            self.give(waiting.given.result())


def _each(lanes: int) -> Iterator[int]:
    lane = 0
    while lanes:
        if lanes & 1:
            yield lane
        lanes >>= 1
        lane += 1
