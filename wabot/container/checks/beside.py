"""Checks that repeat beside the servers: each made by one of all processes, kept for all."""

import asyncio
import logging
import math
import random
import socket
import time
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
    from wabot.repositories.runtime.clients import PostgresClients
    from wabot.repositories.runtime.token_ends import PostgresTokenEnds

_log = logging.getLogger(__name__)

_TICK = 5.0
# The settings of a running process do not change.
_AT_START_ONLY = frozenset({"env"})
_OF_MACHINE = frozenset({"database", "media", "logs"})


@dataclass(frozen=True, slots=True)
class _Bundle:
    """How many shops are looked at together, and after how many seconds the next ones."""

    shops: int
    every: float


# Graph is asked about one shop after the other. To look at tables costs 150 ms before the first
# shop and 5 ms for each.
_BUNDLES = {"whatsapp": _Bundle(1, 0.0), "tenant": _Bundle(200, 300.0)}
_BUNDLE = _Bundle(20, 60.0)


@dataclass(slots=True)
class ChecksBeside:
    """Takes what is due, makes it, keeps what is wrong, and raises or resolves its alerts."""

    found: Examination
    settings: Settings
    urls: CentralUrls
    states: "PostgresCheckStates"
    alarm: "PostgresAlarm"
    tokens: "PostgresTokenEnds"
    clients: "PostgresClients"
    skipped: Collection[str] = ()
    host: str = field(default_factory=socket.gethostname)
    _periods: dict[tuple[str, bool], timedelta] = field(default_factory=dict)
    _next_bundle: dict[str, float] = field(default_factory=dict)

    async def forever(self) -> None:
        """Make what falls due, a little at a time; trouble with the database waits."""
        while True:
            try:
                await self._once(time.monotonic())
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
        await self._once(math.inf)

    async def _once(self, now: float) -> None:
        """Make what is due, and of shops what is due together by then."""
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
            if shops and self._next_bundle.get(group, 0.0) <= now:
                bundle = _BUNDLES.get(group, _BUNDLE)
                self._next_bundle[group] = now + bundle.every
                dues = await self.states.claim_shops(group, every, most=bundle.shops)
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
            self.found,
            slugs=slugs,
            urls=self.urls,
            told_of_token=told_of_token,
            find=self.clients.by_slug,
        ) as around:
            sets = [
                each
                for each in sets_of(around, [due.group])
                if each.checks[0].category == due.group and each.shops is (shops is not None)
            ]
            ids = {check.id for each in sets for check in each.checks}
            runner = Runner(keep_traceback=_logged)
            results = await runner.run(reduced(sets, ids - without(self.skipped, ids)))
        dues = {one.slug: one for one in shops or [due]}
        found = [
            (one, result)
            for result in results
            if (one := due if shops is None else dues.get(result.subject)) is not None
        ]
        problems: dict[str, list[Mapping[str, str]]] = {one.key: [] for one in dues.values()}
        for one, result in found:
            if result.failed:
                problems[one.key].append(_told(result))
        await self.states.keep(problems)
        await self._alert([(one, result) for one, result in found if result.asked], ended)

    async def _alert(self, found: Sequence[tuple[Due, Result]], ended: Collection[str]) -> None:
        """Bring the alerts up to date; another rule tells of tokens that have ended."""
        wrong = [
            (due, result)
            for due, result in found
            if result.failed and not (result.check_id == "whatsapp.token" and due.slug in ended)
        ]
        raised = {_key(due, result) for due, result in wrong}
        # Most are well, most of the time: one statement for all.
        await self.alarm.resolve_alerts([k for one in found if (k := _key(*one)) not in raised])
        for _, result in found:
            if result.failed:
                log(
                    _log,
                    logging.WARNING,
                    "check.failed",
                    "A check fails.",
                    check=result.id,
                    reason=result.detail,
                    fix=result.fix,
                )
        for due, result in wrong:
            rule = rule_of_check(result.check_id)
            said = f"{result.id}: {result.detail} ({result.fix})"
            severity = Severity.WARNING if due.slug else Severity.ERROR
            if rule is not Rule.CHECK_FAILED:
                severity = rule.spec.severity
            await self.alarm.raise_alert(
                _key(due, result), rule, due.client_id, said, severity=severity
            )


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
    from wabot.repositories.runtime.clients import PostgresClients
    from wabot.repositories.runtime.pools import Pools
    from wabot.repositories.runtime.token_ends import PostgresTokenEnds

    pools = Pools(urls.runtime_url, size=1)
    states, alarm = PostgresCheckStates(pools), PostgresAlarm(pools)
    tokens, clients = PostgresTokenEnds(pools), PostgresClients(pools)
    try:
        # Not at once: a server that starts has better things to do.
        await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - only spreads
        with suppress(DatabaseUnavailable):  # it goes on trying
            await pools.open()
        await ChecksBeside(found, settings, urls, states, alarm, tokens, clients, skipped).forever()
    finally:
        await pools.close()


def _key(due: Due, result: Result) -> str:
    machine = "".join(due.key.partition("@")[1:])
    return f"{rule_of_check(result.check_id)}:{result.id}{machine}"


def _told(result: Result) -> Mapping[str, str]:
    return {"id": result.id, "status": result.status.value, "fix": result.fix}


def _logged(error: BaseException) -> str:
    log(_log, logging.ERROR, "check.crashed", "A check has a bug.", exc_info=error)
    return ""
