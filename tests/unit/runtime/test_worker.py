"""What is due is claimed in time, whatever else the process is at."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from wabot.services.runtime.events import ConversationKey
from wabot.services.runtime.ports import Agenda
from wabot.services.runtime.worker import Worker

KEY = ConversationKey(UUID(int=1), "5215512345678")


class Central:
    """A central database in which a client changed and whose adoption takes for ever."""

    def __init__(self) -> None:
        self.due = False
        self.registry = 1
        self.refreshed = 0
        self.adopting = asyncio.Event()
        self.claimed = asyncio.Event()
        self.asked = 0

    async def agenda(self, _now: datetime) -> Agenda:
        self.asked += 1
        due_in = timedelta(0) if self.due else None
        return Agenda(due_in, timers_due=False, paused=False, registry=self.registry)

    async def claim_due(self, _most: int) -> Sequence[ConversationKey]:
        self.due = False
        self.claimed.set()
        return [KEY]

    async def refresh(self) -> bool:
        self.refreshed += 1
        return True

    async def adopt(self) -> bool:
        if self.refreshed:
            self.adopting.set()
            await asyncio.Event().wait()
        return False

    async def release_all(self) -> None: ...


class Rest:
    """Everything else: nothing to do."""

    at_rest = True

    async def run(self) -> None: ...

    async def handle(self, _key: ConversationKey, _events: Any = None) -> bool:
        return False

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)


def a_worker(central: Central) -> Worker:
    rest = cast("Any", Rest())
    hour = timedelta(hours=1)
    return Worker(
        cast("Any", central), cast("Any", central), rest, rest, rest,
        plans=rest, usage=rest, lease=hour, keep_journal=hour, idle=0.02,
    )  # fmt: skip


async def test_a_slow_look_at_changed_clients_does_not_keep_what_is_due_waiting() -> None:
    central = Central()
    worker = a_worker(central)
    worker.start()
    try:
        async with asyncio.timeout(5):
            await central.adopting.wait()
            central.due = True
            await central.claimed.wait()
    finally:
        await worker.stop()


async def test_a_change_is_followed_once_and_nothing_is_asked_for_it_besides_the_agenda() -> None:
    central = Central()
    worker = a_worker(central)
    worker.start()
    try:
        async with asyncio.timeout(5):
            while central.asked < 10:
                await asyncio.sleep(0.01)
    finally:
        await worker.stop()
    assert central.refreshed == 1
