"""Webhooks as Meta delivers them: again until somebody says 200, and at times more than once."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from wabot.simulation.inbound_payloads import SIGNATURE_HEADER, encode, sign
from wabot.simulation.load.figures import Figures

_AGAIN_AFTER = 0.25
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Caprices:
    """How often (0 to 1) Meta delivers otherwise than once and in order."""

    twice_at_once: float = 0.0
    again_later: float = 0.0
    out_of_order: float = 0.0


CAPRICIOUS = Caprices(twice_at_once=0.05, again_later=0.05, out_of_order=0.03)


@dataclass(slots=True)
class Deliveries:
    """Posts signed bodies for at most `patience` seconds each, to the next of the webhooks."""

    session: aiohttp.ClientSession
    webhooks: Iterator[str]
    secret: str
    figures: Figures
    chance: Random
    caprices: Caprices = field(default_factory=Caprices)
    patience: float = 15.0
    _later: set[asyncio.Task[Any]] = field(default_factory=set)

    async def deliver(self, body: dict[str, Any]) -> bool:
        """Deliver until a 200, or until patience ends; tell which."""
        raw = encode(body)
        headers = {SIGNATURE_HEADER: sign(raw, self.secret)}
        if self._happens(self.caprices.twice_at_once):
            self.figures.redelivered += 1
            taken = await asyncio.gather(*(self._until_taken(raw, headers) for _ in range(2)))
            return any(taken)
        taken_once = await self._until_taken(raw, headers)
        if taken_once and self._happens(self.caprices.again_later):
            self.figures.redelivered += 1
            self._soon(self._again(raw, headers))
        return taken_once

    async def finish(self) -> None:
        """Wait for what is still to be delivered again."""
        await asyncio.gather(*self._later)

    def _happens(self, share: float) -> bool:
        return share > 0 and self.chance.random() < share

    def _soon(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _again(self, raw: bytes, headers: dict[str, str]) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 3.0))
        await self._until_taken(raw, headers)

    async def _until_taken(self, raw: bytes, headers: dict[str, str]) -> bool:
        end = time.perf_counter() + self.patience
        pause = _AGAIN_AFTER
        first = True
        while True:
            started = time.perf_counter()
            if await self._post(raw, headers):
                if first:
                    self.figures.acknowledgements.append(time.perf_counter() - started)
                return True
            self.figures.refused += 1
            if time.perf_counter() + pause > end:
                return False
            first = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _post(self, raw: bytes, headers: dict[str, str]) -> bool:
        try:
            async with self.session.post(
                next(self.webhooks), data=raw, headers=headers
            ) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
