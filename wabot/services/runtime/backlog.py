"""What waits, seen from the central database."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits and for how long (in seconds, 0 when nothing does), for all machines."""

    events: tuple[tuple[tuple[str], int], ...]
    """By state: waiting, parked (their shop is not active), unrouted."""
    inbox_age: float
    outbox_age: float
    files: int
    files_age: float
    timers: int
    shops: tuple[tuple[tuple[str], int], ...]
    paused: int
    alerts: tuple[tuple[tuple[str, str], int], ...]


class Backlogs(Protocol):
    """Where the backlog is read."""

    async def read(self) -> Backlog:
        """Return it as it is now; raises DatabaseUnavailable."""
