"""Meta's two limits of speed, where they are switched on."""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from wabot.simulation.graph.refusals import Refusal

PAIR_PAUSE = 6.0
"""Seconds per message to one user, in the long run."""
PAIR_BURST = 45
"""Messages that may go within one pause, borrowed from the time after it."""
REMEMBERED = 10_000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Pair:
    since: float
    sent: int
    free_at: float


class Rates:
    """Count messages per number, and per number and user."""

    def __init__(self, *, pair_limit: bool, throughput: int, timer: Callable[[], float]) -> None:
        self._pair_limit = pair_limit
        self._throughput = throughput
        self._timer = timer
        self._pairs: OrderedDict[tuple[str, str], _Pair] = OrderedDict()
        self._numbers: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, phone_number_id: str, recipient: str) -> None:
        """Count a message, or refuse it with 130429 or 131056."""
        now = self._timer()
        if self._throughput:
            self._check_number(phone_number_id, now)
        if self._pair_limit:
            self._check_pair((phone_number_id, recipient), now)
        if self._throughput:
            self._numbers[phone_number_id].append(now)

    def _check_number(self, phone_number_id: str, now: float) -> None:
        sent = _recall(self._numbers, phone_number_id, lambda: deque(maxlen=self._throughput))
        if len(sent) == self._throughput and now - sent[0] < 1.0:
            raise Refusal(130429, "Cloud API message throughput has been reached.")

    def _check_pair(self, key: tuple[str, str], now: float) -> None:
        pair = _recall(self._pairs, key, lambda: _Pair(now, 0, now))
        if pair.free_at <= now:
            pair.since, pair.sent, pair.free_at = now, 0, now
        in_burst = now - pair.since < PAIR_PAUSE and pair.sent < PAIR_BURST
        if pair.sent and not in_burst:
            raise Refusal(
                131056,
                "Message failed to send because there were too many messages sent from this phone"
                " number to the same phone number in a short period of time.",
            )
        pair.sent += 1
        pair.free_at += PAIR_PAUSE


def _recall(kept: OrderedDict[K, V], key: K, fresh: Callable[[], V]) -> V:
    if key not in kept:
        kept[key] = fresh()
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
    return kept[key]
