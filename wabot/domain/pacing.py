"""Meta's limits of speed, kept before Meta has to refuse; times are seconds of any clock.

A process that serves a share of a number's conversations keeps that share of its limit.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
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
# What Meta refuses as too fast shows that the number has less than was thought: half of it, then
# half again, and twice as much after each such time without a refusal.
_RECOVERS = 600.0
_SETTLES = 5.0
_LEAST_SHARE = 1 / 16
# How long a person is known to be written to by other processes as well.
_CROWDED = 600.0

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
        self._slowed: Recent[str, tuple[float, float]] = Recent(most)

    def share(self, number: str, now: float) -> float:
        """Return how much of its rate the number may use, as far as Meta's refusals tell."""
        slowed = self._slowed.get(number)
        if slowed is None:
            return 1.0
        share, since = slowed
        return float(min(share * 2 ** (max(now - since, 0.0) / _RECOVERS), 1.0))

    def slow(self, number: str, now: float) -> float | None:
        """Halve the number's share; None when that was done a moment ago, for the same burst."""
        slowed = self._slowed.get(number)
        if slowed is not None and now - slowed[1] < _SETTLES:
            return None
        share = max(self.share(number, now) / 2, _LEAST_SHARE)
        self._slowed.put(number, (share, now))
        return share

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
    most: int = PAIR_BURST


class PairPace:
    """What Meta allows to one user of one number: a burst, then the time that it borrowed.

    A conversation is one process's at a time, so its customer's limit is kept there. The people of
    a shop are written to by all: after a refusal each of so many keeps to its share of theirs.
    """

    def __init__(self, *, processes: int = 1, most: int = 50_000) -> None:
        self._processes = processes
        self._bursts: Recent[tuple[str, str], _Burst] = Recent(most)
        self._crowded: Recent[tuple[str, str], float] = Recent(most)

    def wait(self, number: str, person: str, now: float) -> float:
        """Return in how many seconds a message to the person may go."""
        burst = self._bursts.get((number, person))
        if burst is None or burst.free_at <= now or _goes_on(burst, now):
            return 0.0
        return burst.free_at - now

    def take(self, number: str, person: str, at: float) -> None:
        """Count a message that goes at that time."""
        key = (number, person)
        burst, sharing = self._bursts.get(key), self._sharing(key, at)
        if burst is None or burst.free_at <= at:
            burst = _Burst(at, 0, at + _PAUSE_MARGIN, max(PAIR_BURST // sharing, 1))
        free_at = burst.free_at + PAIR_PAUSE * sharing
        self._bursts.put(key, replace(burst, sent=burst.sent + 1, free_at=free_at))

    def hold(self, number: str, person: str, until: float) -> None:
        """Let nothing go to the person before then: Meta said that it was too much."""
        key = number, person
        burst, ends = self._bursts.get(key), until
        if burst is not None:
            # The others have borrowed as much, as long as nothing says otherwise.
            others = self._processes if self._sharing(key, until) == 1 else 1
            ends = max(burst.since + (burst.free_at - burst.since) * others, until)
        self._bursts.put(key, _Burst(until - PAIR_PAUSE, PAIR_BURST, ends))
        self._crowded.put(key, until + _CROWDED)

    def _sharing(self, key: tuple[str, str], now: float) -> int:
        until = self._crowded.get(key)
        return self._processes if until is not None and now < until else 1


def _goes_on(burst: _Burst, now: float) -> bool:
    return now - burst.since < PAIR_PAUSE - _BURST_MARGIN and burst.sent < burst.most
