"""Tells that the central database is away: the one alert that cannot be kept there."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from wabot.domain.alerts import Rule
from wabot.domain.alerts.notices import Alert, News, Notice, digest
from wabot.logs import log
from wabot.services.alerts.ports import Channel

_log = logging.getLogger(__name__)

PATIENCE = 60.0
_TELLING = 30.0
_AGAIN = 60.0


class Mark(Protocol):
    """What the processes of a machine have in common: one of them tells."""

    def take(self) -> bool:
        """Take it; false when another process has it."""

    def keep(self) -> None:
        """Say that it is still needed: one that nobody keeps is free again."""

    def leave(self) -> None:
        """Let go of it."""


class Outage:
    """An outage as one process sees it; told once per machine, through every channel there is."""

    def __init__(
        self,
        channels: Sequence[Channel],
        mark: Mark,
        host: str,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channels = tuple(channels)
        self._mark = mark
        self._host = host
        self._timer = timer
        self._since: float | None = None
        self._began_at = datetime.now(UTC)
        self._ours = False
        self._reason = ""
        self._untold: list[Channel] = []
        self._next = 0.0

    async def goes_on(self, reason: str) -> None:
        """Note that the database does not answer; tell it after a minute of that."""
        now = self._timer()
        if self._since is None:
            self._since, self._began_at, self._reason = now, datetime.now(UTC), reason
        if now - self._since < PATIENCE or now < self._next:
            return
        if self._ours:
            self._mark.keep()
        else:
            self._ours = self._mark.take()
            self._untold = list(self._channels) if self._ours else []
        self._next = now + _AGAIN
        told = await self._tell(self._untold, News.RAISED)
        self._untold = [channel for channel in self._untold if channel not in told]

    async def is_over(self) -> None:
        """Note that the database answers; tell it to who was told of the outage."""
        if self._since is None:
            return
        self._since = None
        if self._ours:
            self._ours, self._next = False, 0.0
            self._mark.leave()
            heard = [channel for channel in self._channels if channel not in self._untold]
            await self._tell(heard, News.RESOLVED)

    async def _tell(self, channels: Sequence[Channel], news: News) -> list[Channel]:
        message = digest([Notice(self._alert(news), news)])

        async def one(channel: Channel) -> Channel | None:
            try:
                async with asyncio.timeout(_TELLING):
                    await channel.tell(message)
            except Exception as error:
                said = "An outage could not be told through a channel."
                reason = getattr(error, "message", type(error).__name__)
                log(
                    _log,
                    logging.WARNING,
                    "alerts.channel",
                    said,
                    channel=channel.name,
                    reason=reason,
                )
                return None
            return channel

        return [c for c in await asyncio.gather(*map(one, channels)) if c is not None]

    def _alert(self, news: News) -> Alert:
        now = datetime.now(UTC)
        return Alert(
            id=0,
            key=f"{Rule.DATABASE_AWAY}:{self._host}",
            rule=Rule.DATABASE_AWAY.value,
            severity=Rule.DATABASE_AWAY.spec.severity,
            message=f"{self._host} cannot reach the central database: {self._reason}",
            tenant="",
            occurrences=1,
            first_at=self._began_at,
            last_at=now,
            resolved_at=now if news is News.RESOLVED else None,
        )
