"""The process's own work: conversations at hand, leases, timers, what others left behind."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from datetime import timedelta
from functools import partial

from wabot.errors import ExternalFailure
from wabot.logs import log
from wabot.services.runtime.conversing import LEASE_LOST, Conversing
from wabot.services.runtime.events import ConversationKey, Leased
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.pausing import SendingPauses
from wabot.services.runtime.plan_watch import PlanWatch
from wabot.services.runtime.ports import Agenda, Clients, Clock, Journal
from wabot.services.runtime.usage import UsageRollUp

_log = logging.getLogger(__name__)

_CLAIMED_AT_ONCE = 100
_PURGE_EVERY = 600.0
_ADOPT_EVERY = 15.0
_WATCH_EVERY = 15.0
_ROLL_UP_EVERY = 15.0
_WAITS_TOO_LONG = timedelta(seconds=60)


class Worker:
    """Runs the conversations whose leases this process holds.

    `idle` is how often the database is asked.
    """

    def __init__(
        self,
        journal: Journal,
        clients: Clients,
        conversing: Conversing,
        clock: Clock,
        pauses: SendingPauses,
        *,
        plans: PlanWatch,
        usage: UsageRollUp,
        lease: timedelta,
        keep_journal: timedelta,
        idle: float = 1.0,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._journal = journal
        self._clients = clients
        self._conversing = conversing
        self._clock = clock
        self._pauses = pauses
        self._plans = plans
        self._usage = usage
        self._lease = lease
        self._keep_journal = keep_journal
        self._idle = idle
        self._measures = measures
        self._held: dict[ConversationKey, asyncio.Task[None]] = {}
        self._again: set[ConversationKey] = set()
        self._woken = asyncio.Event()
        self._seen = asyncio.Event()
        self._agenda: Agenda | None = None
        self._registry: int | None = None
        self._followed = float("-inf")
        self._loops: list[asyncio.Task[None]] = []
        # Flags beside the cancellation: a library that swallows one must not keep a loop alive.
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()

    def start(self) -> None:
        """Begin to look for due conversations, timers and changed clients."""
        lease = self._lease.total_seconds()
        self._loops = [
            asyncio.create_task(self._look_forever()),
            asyncio.create_task(self._repeat(self._renew, lease / 3, self._finished)),
            # Again later: an event may be stored just after its client was looked for in vain.
            asyncio.create_task(self._repeat(self._adopt, _ADOPT_EVERY, self._stopping)),
            asyncio.create_task(self._repeat(self._purge, _PURGE_EVERY, self._stopping)),
            asyncio.create_task(self._repeat(self._watch, _WATCH_EVERY, self._stopping)),
            asyncio.create_task(self._repeat(self._usage.run, _ROLL_UP_EVERY, self._stopping)),
            # Beside the look for what is due, which a slow one must not hold up.
            asyncio.create_task(self._follow_forever()),
        ]

    async def stop(self, patience: float = 20.0) -> None:
        """Finish the turns at hand, at most `patience` seconds, and give every lease back."""
        self._stopping.set()
        renewing = self._loops[1:2]
        for loop in self._loops:
            if loop not in renewing:
                loop.cancel()
        if self._held:
            await asyncio.wait(self._held.values(), timeout=patience)
        self._finished.set()
        left = [*self._held.values(), *renewing]
        for task in left:
            task.cancel()
        await asyncio.gather(*self._loops, *left, return_exceptions=True)
        try:
            await self._journal.release_all()
        except ExternalFailure as error:
            log(_log, logging.WARNING, "lease.release", "Leases run out.", reason=error.message)

    @property
    def at_work(self) -> int:
        """Return how many conversations are held."""
        return len(self._held)

    def dispatch(self, conversations: Iterable[Leased]) -> None:
        """Handle conversations whose leases were just taken."""
        for leased in conversations:
            key = leased.key
            if key in self._held:
                # Given back and leased again before the task ended.
                self._again.add(key)
            else:
                # Its lines in the log are about it, not about what led to it.
                self._held[key] = asyncio.create_task(self._hold(leased), context=Context())

    async def _hold(self, leased: Leased) -> None:
        key = leased.key
        try:
            await self._handle(leased)
        finally:
            del self._held[key]
            if key in self._again:
                self._again.discard(key)
                if not self._stopping.is_set():
                    self.dispatch([Leased(key)])

    def wake(self) -> None:
        """Look for due conversations again: something will be due soon."""
        self._woken.set()

    async def _handle(self, leased: Leased) -> None:
        events = leased.events
        while await self._conversing.handle(leased.key, events) and not self._stopping.is_set():
            events = None

    async def _look_forever(self) -> None:
        while not self._stopping.is_set():
            pause = self._idle
            try:
                agenda = await self._journal.agenda(self._clock.now())
                if agenda.due_in is not None:
                    pause = min(max(agenda.due_in.total_seconds(), 0.01), self._idle)
                if agenda.due_in is not None and not agenda.due_in:
                    await self._claim()
            except ExternalFailure as error:
                log(_log, logging.WARNING, "claim.failed", "Cannot claim.", reason=error.message)
            except Exception:
                log(_log, logging.ERROR, "claim.failed", "Cannot claim.", exc_info=True)
            else:
                if agenda.timers_due:
                    await _attempt(self._fire_timers)
                self._agenda = agenda
                self._seen.set()
            await _pause(self._woken, pause)
            self._woken.clear()

    async def _follow_forever(self) -> None:
        """Follow what each look at the agenda saw; while one is followed only the last is kept."""
        while not self._stopping.is_set():
            await self._seen.wait()
            self._seen.clear()
            if self._agenda is not None:
                await _attempt(partial(self._follow_changes, self._agenda))

    async def _claim(self) -> None:
        free = max(_CLAIMED_AT_ONCE - len(self._held), 0)
        claimed = await self._journal.claim_due(free) if free else []
        self.dispatch(map(Leased, claimed))

    async def _repeat(
        self, act: Callable[[], Awaitable[None]], every: float, end: asyncio.Event
    ) -> None:
        while not end.is_set():
            await _attempt(act)
            await _pause(end, every)

    async def _renew(self) -> None:
        keys = list(self._held)
        if not keys:
            return
        held = await self._journal.renew(keys)
        for key in keys:
            if key not in held and key in self._held:
                self._measures.lease_lost()
                self._held[key].cancel(LEASE_LOST)

    async def _fire_timers(self) -> None:
        self.dispatch(map(Leased, await self._journal.fire_timers(self._clock.now())))

    async def _follow_changes(self, agenda: Agenda) -> None:
        pausing = agenda.paused or not self._pauses.at_rest
        if pausing and time.monotonic() - self._followed >= self._idle:
            # Looked at before the clients are: a token may have changed between the two.
            seen = await self._pauses.look()
            await self._refresh_clients(agenda)
            await self._pauses.follow(seen)
            self._followed = time.monotonic()
        elif agenda.registry != self._registry:
            await self._refresh_clients(agenda)

    async def _refresh_clients(self, agenda: Agenda) -> None:
        if await self._clients.refresh():
            await self._adopt()
        self._registry = agenda.registry

    async def _adopt(self) -> None:
        if await self._journal.adopt():
            self.wake()

    async def _watch(self) -> None:
        for alert in await self._journal.watch(_WAITS_TOO_LONG):
            log(_log, logging.ERROR, "event.waits", "Events wait too long.", alert=alert)
        await self._plans.look()

    async def _purge(self) -> None:
        # The journal's times are the machine's, not business time.
        await self._journal.purge(self._keep_journal)
        await self._clients.purge_previous_tokens()


async def _attempt(act: Callable[[], Awaitable[None]]) -> None:
    """Do it; what fails is told in the log and tried again the next time."""
    try:
        await act()
    except ExternalFailure as error:
        log(_log, logging.WARNING, "upkeep.failed", "Upkeep waits.", reason=error.message)
    except Exception:
        log(_log, logging.ERROR, "upkeep.failed", "Upkeep failed.", exc_info=True)


async def _pause(end: asyncio.Event, seconds: float) -> None:
    """Wait that long, or until the event is set."""
    try:
        async with asyncio.timeout(seconds):
            await end.wait()
    except TimeoutError:
        return
