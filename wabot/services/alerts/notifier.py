"""Tells the operator what is new about alerts, through every channel, each for itself."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from wabot.domain.alerts import Rule, Severity
from wabot.domain.alerts.notices import Notice, digest
from wabot.domain.counted import counted
from wabot.errors import ExternalFailure, WabotError
from wabot.logs import log
from wabot.services.alerts.outage import Outage
from wabot.services.alerts.ports import Alarm, AlertBook, Channel

_log = logging.getLogger(__name__)

_EVERY = 5.0
# A channel's own time-outs are shorter; longer than that nothing may take.
_TELLING = 60.0
_HOLD = timedelta(seconds=90)
_AT_ONCE = 500
_FAILING = 3
_GRACE = 8.0


@dataclass(frozen=True, slots=True)
class Listener:
    """A channel, and how grave an alert must be to be told through it."""

    channel: Channel
    least: Severity


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one round of a channel."""

    channel: str
    alerts: int
    problem: str = ""
    hint: str = ""


class Notifier:
    """One process's part in telling; any number of processes share the work through the book."""

    def __init__(
        self,
        book: AlertBook,
        alarm: Alarm,
        listeners: Sequence[Listener],
        outage: Outage | None = None,
    ) -> None:
        self._outage = outage
        self._book = book
        self._alarm = alarm
        self._listeners: Mapping[str, Listener] = {each.channel.name: each for each in listeners}
        self._telling: dict[str, asyncio.Task[Told | None]] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin to look for news."""
        self._loop = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Let what is being told end, for a moment; what was cut is told again by whoever is."""
        self._stopping.set()
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
        if self._telling:
            _, late = await asyncio.wait(self._telling.values(), timeout=_GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def look(self) -> None:
        """Begin to tell what is due; a channel that is slow holds up no other."""
        least = {name: each.least for name, each in self._listeners.items()}
        for name in await self._book.with_news(least):
            if name not in self._telling:
                task = asyncio.create_task(self._tell(self._listeners[name]))
                self._telling[name] = task
                task.add_done_callback(partial(self._ended, name))

    def _ended(self, name: str, _: asyncio.Task[Told | None]) -> None:
        self._telling.pop(name, None)

    async def run_once(self) -> list[Told]:
        """Tell what is due now, through every channel; return what became of it."""
        await self._book.register(list(self._listeners))
        await self.look()
        found = await asyncio.gather(*self._telling.values())
        return [told for told in found if told is not None]

    async def _forever(self) -> None:
        registered = False
        while not self._stopping.is_set():
            try:
                if not registered:
                    await self._book.register(list(self._listeners))
                    registered = True
                await self.look()
                if self._outage is not None:
                    await self._outage.is_over()
            except ExternalFailure as error:
                log(_log, logging.WARNING, "alerts.wait", "Alerts wait.", reason=error.message)
                if self._outage is not None:
                    await self._outage.goes_on(error.message)
            except Exception:
                log(_log, logging.ERROR, "alerts.failed", "Alerts were not told.", exc_info=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._stopping.wait()

    async def _tell(self, listener: Listener) -> Told | None:
        """Tell through one channel; None when another process does, or nothing is due any more."""
        name = listener.channel.name
        try:
            if not await self._book.claim(name, _HOLD):
                return None
            notices = await self._book.due(name, listener.least, _AT_ONCE)
            if not notices:
                await self._book.told(name, (), timedelta(0))
                return None
            problem = await self._hand_over(listener, notices)
            if problem is not None:
                return problem
            await self._book.told(name, notices, listener.channel.pause)
            await self._alarm.resolve_alert(f"{Rule.CHANNEL_FAILING}:{name}")
        except ExternalFailure as error:
            # The central database: the claim runs out, and whoever is able goes on.
            log(_log, logging.WARNING, "alerts.wait", "Alerts wait.", reason=error.message)
            return Told(name, 0, error.message, error.hint)
        except Exception:
            log(_log, logging.ERROR, "alerts.failed", "Alerts were not told.", exc_info=True)
            return Told(name, 0, "alerts were not told for a bug; the log has the traceback")
        return Told(name, len(notices))

    async def _hand_over(self, listener: Listener, notices: Sequence[Notice]) -> Told | None:
        name = listener.channel.name
        try:
            async with asyncio.timeout(_TELLING):
                await listener.channel.tell(digest(notices))
        except TimeoutError:
            problem = Told(name, 0, f"the channel {name} did not end within {_TELLING:g} s")
        except WabotError as error:
            problem = Told(name, 0, error.message, error.hint)
        except Exception as error:
            log(_log, logging.ERROR, "alerts.failed", "A channel failed.", exc_info=True)
            problem = Told(name, 0, f"the channel {name} failed: {type(error).__name__}: {error}")
        else:
            return None
        await self._complain(problem)
        return problem

    async def _complain(self, problem: Told) -> None:
        """Note the failure; a channel that fails again and again is told through the others."""
        failures = await self._book.failed(problem.channel, problem.problem)
        log(
            _log,
            logging.WARNING,
            "alerts.channel",
            "A channel failed; what is due through it waits.",
            channel=problem.channel,
            failures=failures,
            reason=problem.problem,
        )
        if failures >= _FAILING:
            await self._alarm.raise_alert(
                f"{Rule.CHANNEL_FAILING}:{problem.channel}",
                Rule.CHANNEL_FAILING,
                None,
                f"The channel {problem.channel} failed {counted(failures, 'time')} in a row:"
                f" {problem.problem} {problem.hint}".rstrip(),
            )
