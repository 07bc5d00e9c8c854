"""What telling alerts needs from the outside."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from wabot.domain.alerts.notices import Digest, Notice
from wabot.domain.alerts.rules import Rule, Severity
from wabot.errors import ExternalFailure


class ChannelFailed(ExternalFailure):
    """Report that a channel did not take a message; never names a secret."""

    code = "alert_channel"


class Channel(Protocol):
    """A way to the operator."""

    @property
    def name(self) -> str:
        """Return what it is called in settings and tables."""

    @property
    def pause(self) -> timedelta:
        """Return how long it rests after a message, so that a burst becomes one digest."""

    async def tell(self, message: Digest) -> None:
        """Hand the message over; raises ChannelFailed, or what its driver raises, when it fails."""


class Alarm(Protocol):
    """Where alerts are raised."""

    async def raise_alert(
        self,
        key: str,
        rule: Rule,
        client_id: UUID | None,
        message: str,
        *,
        severity: Severity | None = None,
    ) -> None:
        """Raise an alert, or count one more occurrence of it; its rule knows how grave it is."""

    async def resolve_alert(self, key: str) -> None:
        """Note that the cause of an alert is gone."""


class AlertBook(Protocol):
    """What was told of which alert. Times are the database's clock."""

    async def register(self, channels: Sequence[str]) -> None:
        """Let the channels be known; what ended before that is not told through them."""

    async def with_news(self, least: dict[str, Severity]) -> list[str]:
        """Return which of these channels, with their least severities, have news and are free."""

    async def claim(self, channel: str, hold: timedelta) -> bool:
        """Take a channel for so long; false when another process has it, or it rests."""

    async def due(self, channel: str, least: Severity, limit: int) -> list[Notice]:
        """Return what is to be told through it now, the oldest first."""

    async def told(self, channel: str, notices: Sequence[Notice], rest: timedelta) -> None:
        """Note that it was told, and let the channel rest."""

    async def failed(self, channel: str, reason: str) -> int:
        """Note that it failed and let it rest ever longer; return how often in a row by now."""
