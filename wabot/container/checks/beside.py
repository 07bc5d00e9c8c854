"""Checks that repeat beside the servers: each made by one of all processes, kept for all."""

import asyncio
import logging
import random
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

from wabot.checks.model import Result
from wabot.checks.runner import Runner, reduced
from wabot.config import Examination, Settings
from wabot.container.central import CentralUrls
from wabot.container.checks import GROUPS, open_surroundings, sets_of
from wabot.container.checks.loops import until_done
from wabot.container.checks.starting import without
from wabot.domain.alerts import Rule, Severity, rule_of_check
from wabot.domain.tenant import Tenant
from wabot.errors import DatabaseUnavailable, WabotError
from wabot.logs import log
from wabot.services.check_states import Due
from wabot.services.provisioning.token_rules import TokenFacts

if TYPE_CHECKING:
    from wabot.repositories.runtime.alarm import PostgresAlarm
    from wabot.repositories.runtime.check_states import PostgresCheckStates
    from wabot.repositories.runtime.token_ends import PostgresTokenEnds

_log = logging.getLogger(__name__)

_TICK = 5.0
# The settings of a running process do not change.
_AT_START_ONLY = frozenset({"env"})
_OF_MACHINE = frozenset({"database", "media", "logs"})
# How many shops at once: those that Graph is asked about, one.
_SHOPS_AT_ONCE = {"whatsapp": 1}
_MANY = 20


@dataclass(slots=True)
class ChecksBeside:
    """Takes what is due, makes it, keeps what is wrong, and raises or resolves its alerts."""

    found: Examination
    settings: Settings
    urls: CentralUrls
    states: "PostgresCheckStates"
    alarm: "PostgresAlarm"
    tokens: "PostgresTokenEnds"
    skipped: Collection[str] = ()
    host: str = field(default_factory=socket.gethostname)
    _periods: dict[tuple[str, bool], timedelta] = field(default_factory=dict)

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
        if not self._periods:
            self._periods = await self._read_periods()
        alone = {
            f"{group}@{self.host}" if group in _OF_MACHINE else group: (group, every)
            for (group, shops), every in self._periods.items()
            if not shops
        }
        for key in await self.states.claim({key: every for key, (_, every) in alone.items()}):
            await self._make(Due(key, alone[key][0]), None)
        for (group, shops), every in self._periods.items():
            if shops:
                most = _SHOPS_AT_ONCE.get(group, _MANY)
                dues = await self.states.claim_shops(group, every, most=most)
                if dues:
                    await self._make(dues[0], dues)

    async def _read_periods(self) -> dict[tuple[str, bool], timedelta]:
        """Return after how long each group's checks are made again, those of shops apart."""
        found: dict[tuple[str, bool], timedelta] = {}
        async with open_surroundings(self.found, urls=self.urls) as around:
            for each in sets_of(around, GROUPS.keys() - _AT_START_ONLY):
                group = each.checks[0].category
                # Its own address is no proof of what Meta reaches.
                if group == "webhook" and not self.settings["WABOT_PUBLIC_URL"]:
                    continue
                every = timedelta(seconds=min(check.every for check in each.checks))
                key = (group, each.shops)
                if group not in _AT_START_ONLY:
                    found[key] = min(found.get(key, every), every)
        return found

    async def _make(self, due: Due, shops: Sequence[Due] | None) -> None:
        """Make a group's checks: of the installation, or of these shops."""
        slugs = None if shops is None else tuple(shop.slug for shop in shops)
        ended: set[str] = set()

        async def told_of_token(tenant: Tenant, facts: TokenFacts) -> None:
            now = datetime.now(UTC)
            end = facts.end(now)
            await self.tokens.note(tenant, end)
            if end is not None and end <= now:
                ended.add(tenant.slug)

        async with open_surroundings(
            self.found, slugs=slugs, urls=self.urls, told_of_token=told_of_token
        ) as around:
            sets = [
                each
                for each in sets_of(around, [due.group])
                if each.checks[0].category == due.group and each.shops is (shops is not None)
            ]
            ids = {check.id for each in sets for check in each.checks}
            runner = Runner(keep_traceback=_logged)
            results = await runner.run(reduced(sets, ids - without(self.skipped, ids)))
        for one in shops or [due]:
            own = [result for result in results if shops is None or result.subject == one.slug]
            await self.states.keep(one, [_told(result) for result in own if result.failed])
            for result in own:
                told = result.check_id == "whatsapp.token" and one.slug in ended
                await self._alert(one, result, told=told)

    async def _alert(self, due: Due, result: Result, *, told: bool = False) -> None:
        """Bring an alert up to date; what another rule is `told` of raises none."""
        if not result.asked:
            return
        machine = due.key.partition("@")[1:]
        rule = rule_of_check(result.check_id)
        key = f"{rule}:{result.id}{''.join(machine)}"
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
        if told:
            await self.alarm.resolve_alert(key)
            return
        severity = Severity.WARNING if due.slug else Severity.ERROR
        if rule is not Rule.CHECK_FAILED:
            severity = rule.spec.severity
        await self.alarm.raise_alert(key, rule, due.client_id, said, severity=severity)


@contextmanager
def checks_beside(
    found: Examination, settings: Settings, urls: CentralUrls, skipped: Collection[str] = ()
) -> Iterator[None]:
    """Repeat checks in a thread of their own while the block lasts: they never hold up messages."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(_run(found, settings, urls, skipped))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            until_done(loop, task)

    thread = Thread(target=run, name="checks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(_TICK)


async def _run(
    found: Examination, settings: Settings, urls: CentralUrls, skipped: Collection[str]
) -> None:
    from wabot.repositories.runtime.alarm import PostgresAlarm
    from wabot.repositories.runtime.check_states import PostgresCheckStates
    from wabot.repositories.runtime.pools import Pools
    from wabot.repositories.runtime.token_ends import PostgresTokenEnds

    pools = Pools(urls.runtime_url, size=1)
    states, alarm = PostgresCheckStates(pools), PostgresAlarm(pools)
    tokens = PostgresTokenEnds(pools)
    try:
        # Not at once: a server that starts has better things to do.
        await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - only spreads
        with suppress(DatabaseUnavailable):  # it goes on trying
            await pools.open()
        await ChecksBeside(found, settings, urls, states, alarm, tokens, skipped).forever()
    finally:
        await pools.close()


def _told(result: Result) -> Mapping[str, str]:
    return {"id": result.id, "status": result.status.value, "fix": result.fix}


def _logged(error: BaseException) -> str:
    log(_log, logging.ERROR, "check.crashed", "A check has a bug.", exc_info=error)
    return ""
