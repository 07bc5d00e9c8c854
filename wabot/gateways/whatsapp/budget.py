"""Meta's limit on questions about an account, kept before Meta refuses."""

import time
from collections import defaultdict, deque
from collections.abc import Callable

# Meta allows 200 calls an hour to an app and account; half of them are left to others.
CALLS_PER_HOUR = 100
_HOUR = 3600.0


class CallBudget:
    """Counts this process's calls by account over the last hour."""

    def __init__(
        self, calls: int = CALLS_PER_HOUR, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = calls
        self._timer = timer
        self._made: dict[str, deque[float]] = defaultdict(deque)

    def take(self, account: str) -> bool:
        """Count a call; false, and nothing counted, when there were enough of them."""
        made, now = self._made[account], self._timer()
        while made and made[0] <= now - _HOUR:
            made.popleft()
        if len(made) >= self._calls:
            return False
        made.append(now)
        return True
