"""The process's work on customers' files: so many at once, by whatever process is able."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from wabot.domain.alerts import Rule
from wabot.domain.files import FileRefusal
from wabot.domain.tenant import Tenant
from wabot.errors import ExternalFailure
from wabot.logs import bind, log, mask
from wabot.services.runtime.events import EventKind, Leased, NewEvent
from wabot.services.runtime.fetching import Fetcher
from wabot.services.runtime.media_ports import FileQueue, FileRecord, FileStatus, FileToFetch
from wabot.services.runtime.ports import Clients, Clock, Journal

_log = logging.getLogger(__name__)

_UPKEEP_EVERY = 3600.0
_WATCH_EVERY = 60.0
# Longer than the pauses after a first and a second failure.
_WAITS_TOO_LONG = timedelta(minutes=5)
# Longer than Meta keeps any of them.
_KEPT = timedelta(days=31)
_SOON = 2.5


class MediaWorker:
    """Fetches what the queue has, `at_once` in this process and `per_tenant` of one tenant.

    `patience` is how long one file may take. Another process's files are looked for every `idle`
    seconds; what this one accepted is fetched at once. `dispatch` gets conversations to tell.
    """

    def __init__(
        self,
        queue: FileQueue,
        fetcher: Fetcher,
        *,
        clients: Clients,
        journal: Journal,
        clock: Clock,
        dispatch: Callable[[Iterable[Leased]], None],
        lease: timedelta,
        at_once: int = 8,
        per_tenant: int = 2,
        patience: float = 120.0,
        idle: float = 5.0,
    ) -> None:
        self._queue = queue
        self._fetcher = fetcher
        self._clients = clients
        self._journal = journal
        self._clock = clock
        self._dispatch = dispatch
        self._lease = lease
        self._at_once = at_once
        self._per_tenant = per_tenant
        self._patience = patience
        self._idle = idle
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._work: dict[FileToFetch, asyncio.Task[None]] = {}
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look for files."""
        lease = self._lease.total_seconds()
        self._loops = [
            asyncio.create_task(self._claim_forever()),
            asyncio.create_task(self._repeat(self._renew, lease / 3)),
            asyncio.create_task(self._repeat(self._purge, _UPKEEP_EVERY)),
            asyncio.create_task(self._repeat(self._watch, _WATCH_EVERY)),
        ]

    async def stop(self) -> None:
        """Give up what is at hand: whoever is able fetches it again."""
        self._stopping.set()
        self._woken.set()
        left = {*self._loops, *self._work.values()}
        while left:
            # Again and again: a library may swallow a cancellation.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=0.5)
        # Otherwise the leases run out.
        with suppress(ExternalFailure):
            await self._queue.release_all()

    def wake(self) -> None:
        """Look again: a message with a file was just stored."""
        self._woken.set()

    async def _claim_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._claim()
            except ExternalFailure as error:
                log(_log, logging.WARNING, "media.waits", "No files now.", reason=error.message)
            except Exception:
                log(_log, logging.ERROR, "media.broken", "Cannot claim files.", exc_info=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._idle):
                    await self._woken.wait()
            self._woken.clear()

    async def _claim(self) -> None:
        free = self._at_once - len(self._work)
        if free <= 0:
            return
        busy = Counter(file.phone_number_id for file in self._work)
        for file in await self._queue.claim(free, self._per_tenant, busy):
            task = self._work[file] = asyncio.create_task(self._handle(file))
            task.add_done_callback(partial(self._done, file))

    def _done(self, file: FileToFetch, _task: asyncio.Task[None]) -> None:
        self._work.pop(file, None)
        # Its place is free for the next.
        self._woken.set()

    async def _handle(self, file: FileToFetch) -> None:
        with bind(message_id=file.event_key, request_id=file.request_id):
            await self._try(file)

    async def _try(self, file: FileToFetch) -> None:
        slug = ""
        try:
            tenant = await self._clients.by_phone_number_id(file.phone_number_id)
            if tenant is None:
                await self._postpone(file, "no client has this number", counted=False)
                return
            slug = tenant.slug
            with bind(tenant=slug):
                await self._fetch(tenant, file)
        except ExternalFailure as error:
            said = "A file waits."
            log(_log, logging.WARNING, "media.waits", said, tenant=slug, reason=error.message)
            with suppress(ExternalFailure):
                await self._postpone(file, error.message, counted=False)
        except Exception as error:
            said = "Fetching a file failed."
            log(_log, logging.ERROR, "media.broken", said, tenant=slug, exc_info=True)
            with suppress(ExternalFailure):
                await self._postpone(
                    file, mask(f"{type(error).__name__}: {error}")[:500], counted=True
                )

    async def _fetch(self, tenant: Tenant, file: FileToFetch) -> None:
        try:
            async with asyncio.timeout(self._patience):
                outcome = await self._fetcher.fetch(tenant, file)
        except TimeoutError:
            await self._postpone(file, f"it took longer than {self._patience:g} s", counted=True)
            return
        if not isinstance(outcome, FileRecord):
            log(_log, logging.WARNING, "media.waits", "A file waits.", reason=outcome.reason)
            await self._postpone(file, outcome.reason, counted=outcome.counted)
            return
        if outcome.status is not FileStatus.STORED:
            await self._tell(tenant, outcome)
        await self._queue.finish(file)

    async def _postpone(self, file: FileToFetch, reason: str, *, counted: bool) -> None:
        await self._queue.postpone(file, reason, counted=counted)
        asyncio.get_running_loop().call_later(_SOON, self._woken.set)

    async def _tell(self, tenant: Tenant, record: FileRecord) -> None:
        """Let the conversation know: as an event, so once and in its turn."""
        file = record.file
        refused = record.status is FileStatus.REFUSED
        reason = FileRefusal(record.reason) if refused else FileRefusal.UNAVAILABLE
        if not refused:
            await self._journal.raise_alert(
                f"media_failed:{tenant.id}",
                Rule.MEDIA_FAILED,
                tenant.id,
                f"A customer's file for {tenant.slug} cannot be had: {record.reason}",
            )
        payload: dict[str, Any] = {
            "media_id": file.media_id,
            "reason": reason.value,
            "sent_at": file.occurred_at.isoformat(),
        }
        event = NewEvent(
            phone_number_id=tenant.phone_number_id,
            dedup_key=f"media:{file.media_id}",
            kind=EventKind.MEDIA,
            contact=file.contact,
            payload=payload,
            occurred_at=self._clock.now(),
            client_id=tenant.id,
            request_id=file.request_id,
        )
        self._dispatch((await self._journal.accept([event])).leased)

    async def _renew(self) -> None:
        if self._work:
            await self._queue.renew(list(self._work))

    async def _watch(self) -> None:
        for alert in await self._queue.watch(_WAITS_TOO_LONG):
            log(_log, logging.WARNING, "media.waits", "Files wait too long.", alert=alert)

    async def _purge(self) -> None:
        await self._queue.purge(_KEPT)

    async def _repeat(self, act: Callable[[], Awaitable[None]], every: float) -> None:
        while not self._stopping.is_set():
            try:
                await act()
            except ExternalFailure as error:
                log(_log, logging.WARNING, "upkeep.failed", "Upkeep waits.", reason=error.message)
            except Exception:
                log(_log, logging.ERROR, "upkeep.failed", "Upkeep failed.", exc_info=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self._stopping.wait()
