"""Checks that repeat beside the servers: each made by one of all processes, kept for all."""

import asyncio
import logging
import random
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING

from wabot.checks.model import Result
from wabot.checks.runner import Runner, reduced
from wabot.config import Examination, Settings
from wabot.container.central import CentralUrls
from wabot.container.checks import GROUPS, open_surroundings, sets_of
from wabot.container.checks.starting import without
from wabot.domain.alerts import Rule, Severity
from wabot.errors import DatabaseUnavailable, WabotError
from wabot.logs import log
from wabot.services.check_states import Due

if TYPE_CHECKING:
    from wabot.repositories.runtime.alarm import PostgresAlarm
    from wabot.repositories.runtime.check_states import PostgresCheckStates

_log = logging.getLogger(__name__)

_TICK = 5.0
# Groups by what they look at, how often, and how many shops at once.
_OF_MACHINE = {"database": 300, "media": 300, "logs": 300}
_OF_ALL = {"aws": 900, "webhook": 900}
_OF_SHOPS = {"tenant": (1800, 20), "whatsapp": (6 * 3600, 1)}


@dataclass(slots=True)
class ChecksBeside:
    """Takes what is due, makes it, keeps what is wrong, and raises or resolves its alerts."""

    found: Examination
    settings: Settings
    urls: CentralUrls
    states: "PostgresCheckStates"
    alarm: "PostgresAlarm"
    skipped: Collection[str] = ()
    host: str = field(default_factory=socket.gethostname)

    async def forever(self) -> None:
        """Make what falls due, a little at a time; trouble with the database waits."""
        while True:
            try:
                await self.once()
            except WabotError as error:
                log(
                    _log,
                    logging.WARNING,
                    "checks.waiting",
                    "Checks wait: the central database does not answer.",
                    reason=error.message,
                )
            except Exception:
                log(_log, logging.ERROR, "checks.crashed", "Checks met a bug.", exc_info=True)
            await asyncio.sleep(_TICK * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads

    async def once(self) -> None:
        """Make what is due now."""
        for due in await self._due():
            await self._make(due, None)
        for group, (every, most) in _OF_SHOPS.items():
            if group in GROUPS:
                period = timedelta(seconds=every)
                dues = await self.states.claim_shops(group, period, most=most)
                if dues:
                    await self._make(dues[0], dues)

    async def _due(self) -> list[Due]:
        public = bool(self.settings["WABOT_PUBLIC_URL"])
        groups = {f"{group}@{self.host}": (group, every) for group, every in _OF_MACHINE.items()}
        groups |= {group: (group, every) for group, every in _OF_ALL.items()}
        wanted = {
            key: timedelta(seconds=every)
            for key, (group, every) in groups.items()
            # Its own address is no proof of what Meta reaches.
            if group in GROUPS and (group != "webhook" or public)
        }
        return [Due(key, groups[key][0]) for key in await self.states.claim(wanted)]

    async def _make(self, due: Due, shops: Sequence[Due] | None) -> None:
        """Make a group's checks: of the installation, or of these shops."""
        slugs = None if shops is None else tuple(shop.slug for shop in shops)
        async with open_surroundings(self.found, slugs=slugs, urls=self.urls) as around:
            sets = [
                each
                for each in sets_of(around, [due.group])
                if each.checks[0].category == due.group and (shops is None or each.shops)
            ]
            ids = {check.id for each in sets for check in each.checks}
            runner = Runner(keep_traceback=_logged)
            results = await runner.run(reduced(sets, ids - without(self.skipped, ids)))
        for one in shops or [due]:
            own = [result for result in results if shops is None or result.subject == one.slug]
            await self.states.keep(one, [_told(result) for result in own if result.failed])
            for result in own:
                await self._alert(one, result)

    async def _alert(self, due: Due, result: Result) -> None:
        machine = due.key.partition("@")[1:]
        key = f"{Rule.CHECK_FAILED.value}:{result.id}{''.join(machine)}"
        if not result.failed:
            await self.alarm.resolve_alert(key)
            return
        said = f"{result.id}: {result.detail} ({result.fix})"
        log(
            _log,
            logging.WARNING,
            "check.failed",
            "A check fails.",
            check=result.id,
            reason=result.detail,
            fix=result.fix,
        )
        severity = Severity.WARNING if due.slug else Severity.ERROR
        await self.alarm.raise_alert(key, Rule.CHECK_FAILED, due.client_id, said, severity=severity)


@contextmanager
def checks_beside(
    found: Examination, settings: Settings, urls: CentralUrls, skipped: Collection[str] = ()
) -> Iterator[None]:
    """Repeat checks in a thread of their own while the block lasts: they never hold up messages."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(_run(found, settings, urls, skipped))
    thread = Thread(target=_until_done, args=(loop, task), name="checks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(_TICK)


def _until_done(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        pass
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _run(
    found: Examination, settings: Settings, urls: CentralUrls, skipped: Collection[str]
) -> None:
    from wabot.repositories.runtime.alarm import PostgresAlarm
    from wabot.repositories.runtime.check_states import PostgresCheckStates
    from wabot.repositories.runtime.pools import Pools

    pools = Pools(urls.runtime_url, size=1)
    states, alarm = PostgresCheckStates(pools), PostgresAlarm(pools)
    try:
        # Not at once: a server that starts has better things to do.
        await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - only spreads
        with suppress(DatabaseUnavailable):  # it goes on trying
            await pools.open()
        await ChecksBeside(found, settings, urls, states, alarm, skipped).forever()
    finally:
        await pools.close()


def _told(result: Result) -> Mapping[str, str]:
    return {"id": result.id, "status": result.status.value, "fix": result.fix}


def _logged(error: BaseException) -> str:
    log(_log, logging.ERROR, "check.crashed", "A check has a bug.", exc_info=error)
    return ""
