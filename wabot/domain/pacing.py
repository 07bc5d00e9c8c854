"""Meta's limits of speed, kept before Meta has to refuse; times are seconds of any clock.

A process that serves a share of a number's conversations keeps that share of its limit.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

PAIR_PAUSE = 6.0
"""Seconds per message to one user, in the long run."""
PAIR_BURST = 45
"""Messages that may go within one such pause, borrowed from the time after it."""

# Requests do not arrive as evenly as they leave, and incoming messages count as well.
_STEADY = 0.8
_BURST = 0.05
_BURST_MARGIN = 0.5
_PAUSE_MARGIN = 0.25

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The latest values by key, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """Return the value of the key."""
        return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value, and let go of the one that was put longest ago."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


class NumberPace:
    """A token bucket per business number."""

    def __init__(self, *, most: int = 20_000) -> None:
        self._due: Recent[str, float] = Recent(most)
        self._postponed: Recent[str, float] = Recent(most)

    def wait(self, number: str, rate: float, now: float) -> float:
        """Return in how many seconds the number may send again; `rate` is in messages a second."""
        due = self._due.get(number)
        if due is None:
            return 0.0
        return max(due - _tolerance(rate) - now, 0.0)

    def postpone(self, number: str, rate: float, now: float) -> float:
        """Return in how many seconds a message that cannot wait here may come again.

        One after the other: together they would be turned away together.
        """
        last = max(self._postponed.get(number) or now, now + self.wait(number, rate, now))
        self._postponed.put(number, last + 1 / _steady(rate))
        return last - now

    def take(self, number: str, rate: float, at: float) -> None:
        """Count a message that goes at that time."""
        due = self._due.get(number)
        self._due.put(number, max(due or at, at) + 1 / _steady(rate))

    def hold(self, number: str, rate: float, until: float) -> None:
        """Let nothing of the number go before then: Meta said that it was too fast."""
        due = self._due.get(number)
        self._due.put(number, max(due or until, until + _tolerance(rate)))


def _steady(rate: float) -> float:
    # A small share, too, lets its first message go at once: what follows makes up for it.
    return min(rate * _STEADY, max(rate - 1, rate / 2))


def _tolerance(rate: float) -> float:
    return max(rate * _BURST - 1, 0.0) / _steady(rate)


@dataclass(frozen=True, slots=True)
class _Burst:
    since: float
    sent: int
    free_at: float


class PairPace:
    """What Meta allows to one user of one number: a burst, then the time that it borrowed."""

    def __init__(self, *, most: int = 50_000) -> None:
        self._bursts: Recent[tuple[str, str], _Burst] = Recent(most)

    def wait(self, number: str, person: str, now: float) -> float:
        """Return in how many seconds a message to the person may go."""
        burst = self._bursts.get((number, person))
        if burst is None or burst.free_at <= now or _goes_on(burst, now):
            return 0.0
        return burst.free_at - now

    def take(self, number: str, person: str, at: float) -> None:
        """Count a message that goes at that time."""
        key = (number, person)
        burst = self._bursts.get(key)
        if burst is None or burst.free_at <= at:
            burst = _Burst(at, 0, at + _PAUSE_MARGIN)
        self._bursts.put(key, _Burst(burst.since, burst.sent + 1, burst.free_at + PAIR_PAUSE))

    def hold(self, number: str, person: str, until: float) -> None:
        """Let nothing go to the person before then: Meta said that it was too much."""
        burst = self._bursts.get((number, person))
        ends = max(burst.free_at, until) if burst else until
        self._bursts.put((number, person), _Burst(until - PAIR_PAUSE, PAIR_BURST, ends))


def _goes_on(burst: _Burst, now: float) -> bool:
    return now - burst.since < PAIR_PAUSE - _BURST_MARGIN and burst.sent < PAIR_BURST
