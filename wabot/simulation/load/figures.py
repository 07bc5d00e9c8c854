"""What a run of load measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Figures:
    """Counts and times of one run as its customers saw it; times in seconds.

    `late` answers came after a customer's patience, `lost` ones never; `doubled` are answers that
    nobody had asked for; `repeated` the same message once more.
    """

    accepted: int = 0
    answered: int = 0
    refused: int = 0
    redelivered: int = 0
    late: int = 0
    lost: int = 0
    doubled: int = 0
    repeated: int = 0
    orders: int = 0
    acknowledgements: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def report(self) -> dict[str, Any]:
        """Return the figures to show; times in milliseconds."""
        seconds = self.seconds or 1.0
        return {
            "seconds": round(self.seconds, 1),
            "accepted": self.accepted,
            "answered": self.answered,
            "accepted_per_s": round(self.accepted / seconds, 1),
            "answered_per_s": round(self.answered / seconds, 1),
            **_percentiles("ack_ms", self.acknowledgements),
            **_percentiles("reply_ms", self.replies),
            "orders": self.orders,
            "refused": self.refused,
            "redelivered": self.redelivered,
            "late": self.late,
            "lost": self.lost,
            "doubled": self.doubled,
        }


def _percentiles(name: str, times: Sequence[float]) -> dict[str, float | None]:
    ordered = sorted(times)
    return {
        f"{name}_p{share}": round(percentile(ordered, share) * 1000, 1) if ordered else None
        for share in (50, 95, 99)
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of values in rising order; there must be some."""
    return ordered[max(math.ceil(len(ordered) * share / 100) - 1, 0)]
