"""Looks at the facts, each of several processes at what no other just did."""

import asyncio
import logging
from contextlib import suppress

from wabot.errors import ExternalFailure
from wabot.logs import log
from wabot.services.alerts.fact_ports import Facts
from wabot.services.alerts.rounds import Looks, Memory, Round
from wabot.services.alerts.tally import Tally

_log = logging.getLogger(__name__)

_EVERY = 10.0
_AT_MOST = 120.0


class Evaluator:
    """One process's part in looking, and what it tells of itself and of its traffic."""

    def __init__(self, facts: Facts, looks: Looks, tally: Tally | None = None) -> None:
        self._facts = facts
        self._rounds = looks.rounds()
        self._tally = tally
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin to look."""
        self._loop = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """End, and say so: a process that is merely gone would be an alert."""
        self._stopping.set()
        tasks = [task for task in (self._loop, *self._running.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._loop is not None:
            with suppress(ExternalFailure):
                await self._note_traffic()
                await self._facts.say_goodbye()

    async def run_once(self) -> None:
        """Look at everything that is due, and wait for the end of it."""
        every = {name: round_.every for name, round_ in self._rounds.items()}
        await self._facts.register(every)
        for name, memory in (await self._facts.claim_due(every)).items():
            await self._run(name, self._rounds[name], memory)

    async def _forever(self) -> None:
        every = {name: round_.every for name, round_ in self._rounds.items()}
        registered = False
        while not self._stopping.is_set():
            try:
                await self._facts.beat()
                if not registered:
                    await self._facts.register(every)
                    registered = True
                await self._note_traffic()
                for name, memory in (await self._facts.claim_due(every)).items():
                    self._begin(name, memory)
            except ExternalFailure as error:
                said = "Nothing is looked at."
                log(_log, logging.WARNING, "alerts.unlooked", said, reason=error.message)
            except Exception:
                log(_log, logging.ERROR, "alerts.failed", "A look failed.", exc_info=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._stopping.wait()

    def _begin(self, name: str, memory: Memory) -> None:
        """Look beside the others: one that waits for a shop's database holds up none."""
        if name in self._running:
            return
        task = asyncio.create_task(self._run(name, self._rounds[name], memory))
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))

    async def _run(self, name: str, round_: Round, memory: Memory) -> None:
        try:
            async with asyncio.timeout(_AT_MOST):
                await round_.look(memory)
        except TimeoutError:
            _ended_early(name, f"not done within {_AT_MOST:g} s")
        except ExternalFailure as error:
            _ended_early(name, error.message)
        except Exception:
            said = "A round of alerts failed."
            log(_log, logging.ERROR, "alerts.round", said, round=name, exc_info=True)

    async def _note_traffic(self) -> None:
        counts = self._tally.take() if self._tally is not None else None
        if not counts:
            return
        try:
            await self._facts.note_traffic(counts)
        except ExternalFailure:
            if self._tally is not None:
                self._tally.give_back(counts)
            raise


def _ended_early(name: str, reason: str) -> None:
    said = "A round of alerts ended early; it is repeated."
    log(_log, logging.WARNING, "alerts.round", said, round=name, reason=reason)
