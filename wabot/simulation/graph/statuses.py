"""Signed status webhooks about accepted messages."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import aiohttp

from wabot.simulation.graph.config import GraphConfig
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.graph.refusals import title
from wabot.simulation.inbound_payloads import (
    SIGNATURE_HEADER,
    Person,
    change,
    encode,
    sign,
    status,
    webhook,
)

logger = logging.getLogger(__name__)

EVERYTHING = "*"
_WORKERS = 64
_TRIES = 8
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 10.0


class Statuses:
    """Tell a callback what became of messages: in order per message, again until it answers 200.

    `callback_url` may be changed at any time; without one nothing is told.
    """

    def __init__(self, config: GraphConfig) -> None:
        self.callback_url = config.callback_url
        self.delivered = 0
        self.lost = 0
        self._config = config
        self._queue: asyncio.Queue[tuple[SentMessage, int | None]] = asyncio.Queue(config.kept)
        self._held: list[tuple[SentMessage, int | None]] = []
        self._holds: set[str] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Begin to tell."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        self._workers = [asyncio.create_task(self._work()) for _ in range(_WORKERS)]

    async def stop(self) -> None:
        """Stop at once; what was not told is forgotten."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def add(self, message: SentMessage, failed_with: int | None = None) -> None:
        """Have the statuses of an accepted message told, or kept while it is held."""
        if not self.callback_url or not (failed_with or self._config.statuses.words):
            return
        if self._holds & {EVERYTHING, message.wamid, message.to, message.user_id} or (
            message.callback_data in self._holds
        ):
            self._held = [*self._held, (message, failed_with)][-self._config.kept :]
        else:
            self._put(message, failed_with)

    def hold(self, key: str = EVERYTHING) -> None:
        """Keep back statuses of all messages, or of those with this wamid, recipient or data."""
        self._holds.add(key)

    def release(self, key: str = EVERYTHING) -> None:
        """End a hold (all of them by default) and tell what it kept back."""
        if key == EVERYTHING:
            self._holds.clear()
        self._holds.discard(key)
        held, self._held = self._held, []
        for message, failed_with in held:
            self.add(message, failed_with)

    async def settled(self) -> None:
        """Wait until everything that is not held has been told (or given up)."""
        await self._queue.join()

    async def tell(self, message: SentMessage, word: str, failed_with: int | None = None) -> bool:
        """Post one status now and tell whether the callback took it."""
        error = None
        if failed_with is not None:
            details = {"details": title(failed_with)}
            error = {"code": failed_with, "title": title(failed_with), "error_data": details}
        entry = status(
            message.wamid,
            word,
            timestamp=int(self._config.clock()),
            recipient=Person(wa_id=message.to, user_id=message.user_id),
            callback_data=message.callback_data,
            error=error,
        )
        return await self._post(message.phone_number_id, [entry])

    def _put(self, message: SentMessage, failed_with: int | None) -> None:
        try:
            self._queue.put_nowait((message, failed_with))
        except asyncio.QueueFull:
            self.lost += 1

    async def _work(self) -> None:
        while True:
            message, failed_with = await self._queue.get()
            try:
                words = ("failed",) if failed_with else self._config.statuses.words
                await self._tell_all(message, words, failed_with)
            finally:
                self._queue.task_done()

    async def _tell_all(
        self, message: SentMessage, words: Sequence[str], failed_with: int | None
    ) -> None:
        for word in words:
            if self._config.status_delay:
                await asyncio.sleep(self._config.status_delay)
            pause = _FIRST_PAUSE
            for _ in range(_TRIES):
                if await self.tell(message, word, failed_with):
                    self.delivered += 1
                    break
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self.lost += 1
                logger.warning("the callback did not take a status", extra={"status": word})

    async def _post(self, phone_number_id: str, entries: Sequence[dict[str, Any]]) -> bool:
        if self._session is None:
            return False
        waba_id = next(
            (n.waba_id for n in self._config.numbers if n.phone_number_id == phone_number_id),
            "900100200300",
        )
        body = encode(webhook([change(phone_number_id, statuses=entries)], waba_id))
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(body, self._config.app_secret),
        }
        try:
            async with self._session.post(
                self.callback_url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
