"""The machine's clock as business time."""

from datetime import UTC, datetime


class SystemClock:
    """Business time is the time of day."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)
