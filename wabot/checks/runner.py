"""Runs checks at once, those first that others need."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wabot.checks.model import (
    Check,
    CheckSet,
    Outcome,
    Result,
    Severity,
    Status,
    later,
    skip,
)
from wabot.errors import WabotError
from wabot.logs import mask_secrets

_AT_ONCE = 16
_PAUSE = 1.0

Told = Callable[[Result], None]


def _nobody(_: Any) -> None:
    return None


def _nowhere(_: BaseException) -> str:
    return ""


@dataclass(slots=True)
class Runner:
    """Runs sets of checks; each check's failure is a result, never an exception.

    `timeout` stands over the checks' own. `told` hears each result as it comes. `keep_traceback`
    keeps that of a crashed check and returns where.
    """

    timeout: float | None = None
    told: Told = _nobody
    keep_traceback: Callable[[BaseException], str] = _nowhere
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def run(self, sets: Sequence[CheckSet[Any]]) -> list[Result]:
        """Run them all and return the results, in the order of the sets."""
        return await _Round(self, sets, {}).run()

    async def run_until_good(
        self, sets: Sequence[CheckSet[Any]], *, wait: float, strict: bool = False
    ) -> list[Result]:
        """Run them, and those that failed again and again, for so many seconds at most."""
        until = time.monotonic() + wait
        results = await self.run(sets)
        while any(result.is_problem(strict=strict) for result in results):
            left = until - time.monotonic()
            if left <= 0:
                break
            await asyncio.sleep(min(_PAUSE, left))
            settled = {
                result.id: result
                for result in results
                if result.status is Status.OK or (result.status is Status.WARNING and not strict)
            }
            results = await _Round(self, sets, settled).run()
        return results


def select(sets: Iterable[CheckSet[Any]], only: Sequence[str]) -> list[CheckSet[Any]]:
    """Return the sets with the named checks (an id or a category) and what those need."""
    known = {check.id: (check, each) for each in sets for check in each.checks}
    wanted: set[str] = set()
    waiting = [
        check_id
        for check_id, (check, _) in known.items()
        if {check_id, check.category} & {name.partition(":")[0] for name in only}
    ]
    while waiting:
        check_id = waiting.pop()
        if check_id in known and check_id not in wanted:
            wanted.add(check_id)
            check, its_set = known[check_id]
            waiting += [*check.needs, *its_set.needs]
    return reduced(sets, wanted)


def reduced(sets: Iterable[CheckSet[Any]], wanted: set[str]) -> list[CheckSet[Any]]:
    """Return the sets with those checks alone; a need that is left out counts as met."""
    return [
        CheckSet(kept, each.contexts, each.needs, shops=each.shops)
        for each in sets
        if (kept := tuple(check for check in each.checks if check.id in wanted))
    ]


class _Round:
    """One time through all checks; what is `settled` is not asked again."""

    def __init__(
        self, runner: Runner, sets: Sequence[CheckSet[Any]], settled: Mapping[str, Result]
    ) -> None:
        self._runner = runner
        self._sets = sets
        self._settled = settled
        loop = asyncio.get_running_loop()
        # What others may need: checks of the whole installation.
        self._common: dict[str, asyncio.Future[Result]] = {
            check.id: loop.create_future() for each in sets for check in each.checks
        }

    async def run(self) -> list[Result]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._set(each)) for each in self._sets]
        return [result for task in tasks for result in task.result()]

    async def _set(self, each: CheckSet[Any]) -> list[Result]:
        hindrance = await self._hindrance(each.needs, self._common)
        if hindrance is not None:
            return [self._settle(check, _skipped(check, hindrance)) for check in each.checks]
        started = time.monotonic()
        own = asyncio.timeout(self._runner.timeout)
        try:
            async with own:
                contexts = await each.contexts()
        except Exception as error:
            limit = self._runner.timeout if own.expired() else None
            return self._without_context(each, error, started, limit)
        if not contexts:
            nothing = skip("there is nothing to look at")
            return [self._settle(check, _skipped(check, nothing)) for check in each.checks]
        async with asyncio.TaskGroup() as group:
            rounds = [
                group.create_task(self._subject(each, subject, context))
                for subject, context in contexts.items()
            ]
        by_subject = [done.result() for done in rounds]
        if "" not in contexts:
            # Whoever needs the check needs it of every subject.
            for check, results in zip(each.checks, zip(*by_subject, strict=True), strict=True):
                self._common[check.id].set_result(max(results, key=lambda result: result.failed))
        return [result for results in by_subject for result in results]

    async def _subject(self, each: CheckSet[Any], subject: str, context: Any) -> list[Result]:
        done = self._common
        if subject:
            loop = asyncio.get_running_loop()
            done = {**done, **{check.id: loop.create_future() for check in each.checks}}
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._check(each, check, subject, context, done))
                for check in each.checks
            ]
        return [task.result() for task in tasks]

    async def _check(
        self,
        each: CheckSet[Any],
        check: Check[Any],
        subject: str,
        context: Any,
        done: Mapping[str, asyncio.Future[Result]],
    ) -> Result:
        known = self._settled.get(_named(check, subject))
        if known is None:
            hindrance = await self._hindrance(check.needs, done)
            if hindrance is not None:
                known = _skipped(check, hindrance, subject, shop=each.shops)
            else:
                async with self._runner.turn:
                    known = await self._ask(check, subject, context, shop=each.shops)
            self._runner.told(known)
        done[check.id].set_result(known)
        return known

    async def _ask(self, check: Check[Any], subject: str, context: Any, *, shop: bool) -> Result:
        started = time.monotonic()
        limit = self._runner.timeout or check.timeout
        own = asyncio.timeout(limit)
        raised = None
        try:
            async with own:
                outcome = await check.run(context)
        except Exception as error:
            whose = subject if shop else ""
            outcome = self._failure(error, check, limit if own.expired() else None, whose)
            raised = error if isinstance(error, WabotError) else None
        return replace(_result(check, outcome, started, subject, shop=shop), error=raised)

    def _failure(
        self, error: Exception, check: Check[Any], limit: float | None, shop: str = ""
    ) -> Outcome:
        if isinstance(error, TimeoutError):
            # Without a limit it is that of whoever was asked.
            ours = limit is not None
            return Outcome(
                None,
                f"no answer within {limit:g} s" if ours else "no answer in time",
                f"see whether it is reached from here{'; --timeout gives it longer' * ours}",
            )
        if isinstance(error, WabotError):
            again = " ".join(filter(None, ("wabot check", check.category, shop)))
            fix = error.hint or f"once that is mended: {again} --only {check.id}"
            return Outcome(None, error.message, fix)
        place = self._runner.keep_traceback(error)
        return Outcome(
            Status.CRASHED,
            f"this check has a bug: {type(error).__name__}: {error}",
            f"the traceback is in {place}" if place else "the log has the traceback",
        )

    def _without_context(
        self, each: CheckSet[Any], error: Exception, started: float, limit: float | None
    ) -> list[Result]:
        """Report why nothing could be asked once, with the first check; skip the others."""
        first, *others = each.checks
        outcome = self._failure(error, first, limit)
        raised = error if isinstance(error, WabotError) else None
        result = replace(_result(first, outcome, started, shop=each.shops), error=raised)
        results = [self._settle(first, result)]
        hindrance = later(f"{first.id} failed")
        results += [self._settle(check, _skipped(check, hindrance)) for check in others]
        return results

    def _settle(self, check: Check[Any], result: Result) -> Result:
        self._runner.told(result)
        self._common[check.id].set_result(result)
        return result

    async def _hindrance(
        self, needs: Iterable[str], done: Mapping[str, asyncio.Future[Result]]
    ) -> Outcome | None:
        """Wait for what is needed; return why it is not met, None when it is."""
        for need in needs:
            if need in done:
                result = await asyncio.shield(done[need])
                if result.failed:
                    return later(f"{result.id} failed")
                if result.status is Status.SKIPPED:
                    # The first cause, not the last link of the chain.
                    return Outcome(Status.SKIPPED, result.detail, asked=result.asked)
        return None


def _named(check: Check[Any], subject: str) -> str:
    return f"{check.id}:{subject}" if subject else check.id


def _skipped(
    check: Check[Any], outcome: Outcome, subject: str = "", *, shop: bool = False
) -> Result:
    return _result(check, outcome, time.monotonic(), subject, shop=shop)


def _result(
    check: Check[Any], outcome: Outcome, started: float, subject: str = "", *, shop: bool = False
) -> Result:
    at_worst = Status.WARNING if check.severity is Severity.WARNING else Status.ERROR
    return Result(
        id=_named(check, subject),
        category=check.category,
        status=outcome.status or at_worst,
        detail=mask_secrets(outcome.detail or check.title),
        fix=mask_secrets(outcome.fix),
        duration_ms=round((time.monotonic() - started) * 1000),
        title=check.title,
        subject=subject,
        shop=shop,
        asked=outcome.asked,
    )
