"""Business time that can be moved."""

from datetime import UTC, datetime, timedelta


class ShiftableClock:
    """The time of day plus a shift; or, `standing`, a time that moves only when it is told to."""

    def __init__(self, standing_at: datetime | None = None) -> None:
        self._standing = standing_at
        self._shift = timedelta(0)

    def now(self) -> datetime:
        """Return the time in UTC."""
        return (self._standing or datetime.now(UTC)).astimezone(UTC) + self._shift

    def advance(self, length: timedelta) -> None:
        """Let time pass."""
        self._shift += length

    def set(self, moment: datetime) -> None:
        """Go to a moment."""
        self._shift += moment - self.now()
