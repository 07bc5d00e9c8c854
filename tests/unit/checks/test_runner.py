"""Checks wait for what they need, run at once otherwise, and never take each other down."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from wabot.checks.model import (
    Check,
    CheckSet,
    Outcome,
    Result,
    Severity,
    Status,
    alone,
    at_hand,
    bad,
    good,
    skip,
    warn,
)
from wabot.checks.runner import Runner, reduced, select
from wabot.errors import DatabaseUnavailable
from wabot.logs import hide


async def _good(_: object) -> Outcome:
    return good("fine")


async def _bad(_: object) -> Outcome:
    return bad("broken", "wabot repair")


async def _crash(_: object) -> Outcome:
    raise KeyError("nothing there")


def _one(*checks: Check[None]) -> list[CheckSet[None]]:
    return [CheckSet(checks, alone(None))]


def _statuses(results: list[Result]) -> dict[str, str]:
    return {result.id: result.status.value for result in results}


async def test_a_check_whose_need_failed_is_skipped_with_the_reason() -> None:
    results = await Runner().run(
        _one(
            Check("a.third", "t", _good, needs=("a.second",)),
            Check("a.second", "t", _good, needs=("a.first",)),
            Check("a.first", "t", _bad),
            Check("a.other", "t", _good),
        )
    )
    assert _statuses(results) == {
        "a.third": "skipped",
        "a.second": "skipped",
        "a.first": "error",
        "a.other": "ok",
    }
    assert [result.detail for result in results][:2] == ["a.first failed", "a.first failed"]


async def test_a_check_that_only_warned_is_good_enough_for_others() -> None:
    results = await Runner().run(
        _one(
            Check("a.first", "t", _bad, severity=Severity.WARNING),
            Check("a.second", "t", _good, needs=("a.first",)),
        )
    )
    assert _statuses(results) == {"a.first": "warning", "a.second": "ok"}


async def test_a_check_that_raises_is_reported_as_crashed_and_the_others_go_on() -> None:
    kept: list[BaseException] = []

    def keep(error: BaseException) -> str:
        kept.append(error)
        return "/var/crash.log"

    crashed, other = await Runner(keep_traceback=keep).run(
        _one(Check("a.crash", "t", _crash), Check("a.other", "t", _good))
    )
    assert (crashed.status, other.status) == (Status.CRASHED, Status.OK)
    assert "KeyError: 'nothing there'" in crashed.detail
    assert crashed.fix == "the traceback is in /var/crash.log"
    assert isinstance(kept[0], KeyError)


async def test_an_own_error_is_the_failure_with_its_hint_as_the_repair() -> None:
    async def refused(_: object) -> Outcome:
        raise DatabaseUnavailable("no server", hint="Start it.")

    (result,) = await Runner().run(_one(Check("a.a", "t", refused)))
    assert (result.status, result.detail, result.fix) == (Status.ERROR, "no server", "Start it.")


async def test_every_failure_has_a_repair_even_where_the_error_names_none() -> None:
    async def refused(_: object) -> Outcome:
        raise DatabaseUnavailable("no server")

    (result,) = await Runner().run(_one(Check("a.b", "t", refused)))
    assert result.fix == "once that is mended: wabot check a --only a.b"
    check = Check("a.b", "t", refused)
    (result,) = await Runner().run([CheckSet((check,), at_hand({"pepe": True}), shops=True)])
    assert result.fix == "once that is mended: wabot check a pepe --only a.b"


async def test_a_check_that_does_not_end_is_given_up_in_its_time() -> None:
    async def hang(_: object) -> Outcome:
        await asyncio.Event().wait()
        return good()

    own, given = Check("a.a", "t", hang, timeout=0.01), Check("a.b", "t", hang, timeout=600)
    (result,) = await Runner().run(_one(own))
    assert (result.status, result.detail) == (Status.ERROR, "no answer within 0.01 s")
    (result,) = await Runner(timeout=0.02).run(_one(given))
    assert result.detail == "no answer within 0.02 s"


@pytest.mark.parametrize("limit", [None, 600.0])
async def test_whoever_gives_up_waiting_within_a_check_or_its_set_is_told_as_no_answer(
    limit: float | None,
) -> None:
    async def raises(*_: object) -> Any:
        raise TimeoutError

    check = Check("a.a", "t", raises)
    for sets in (_one(check), [CheckSet((check,), raises)]):
        (result,) = await Runner(timeout=limit).run(sets)
        assert (result.status, result.detail) == (Status.ERROR, "no answer in time")
        assert result.fix == "see whether it is reached from here"


async def test_a_set_that_is_not_found_in_the_given_time_is_given_up() -> None:
    async def hang() -> Any:
        await asyncio.Event().wait()

    (result,) = await Runner(timeout=0.02).run([CheckSet((Check("a.a", "t", hang),), hang)])
    assert (result.status, result.detail) == (Status.ERROR, "no answer within 0.02 s")


async def test_checks_run_at_once() -> None:
    both = asyncio.Barrier(2)

    async def meet(_: object) -> Outcome:
        await both.wait()
        return good()

    results = await Runner(timeout=5).run(_one(Check("a.a", "t", meet), Check("a.b", "t", meet)))
    assert set(_statuses(results).values()) == {"ok"}


async def test_each_subject_has_its_own_results_and_its_own_needs() -> None:
    async def token(works: bool) -> Outcome:
        return good() if works else bad("refused", "wabot tenant rotate-token")

    shops = CheckSet(
        (Check("w.token", "t", token), Check("w.number", "t", _good, needs=("w.token",))),
        at_hand({"pepe": True, "lupita": False}),
        shops=True,
    )
    results = await Runner().run([shops])
    assert _statuses(results) == {
        "w.token:pepe": "ok",
        "w.number:pepe": "ok",
        "w.token:lupita": "error",
        "w.number:lupita": "skipped",
    }
    assert all(result.shop for result in results)
    assert {result.subject for result in results} == {"pepe", "lupita"}


async def test_who_needs_a_check_of_many_subjects_needs_it_of_all() -> None:
    async def even(number: int) -> Outcome:
        return good() if number % 2 == 0 else bad("odd", "make it even")

    def sets(numbers: dict[str, int]) -> list[CheckSet[int]]:
        later = CheckSet((Check("b.b", "t", _good),), alone(0), needs=("a.a",))
        return [later, CheckSet((Check("a.a", "t", even),), at_hand(numbers))]

    assert _statuses(await Runner().run(sets({"x": 2, "y": 4})))["b.b"] == "ok"
    assert _statuses(await Runner().run(sets({"x": 1, "y": 4})))["b.b"] == "skipped"


@pytest.mark.parametrize(
    ("error", "status"), [(DatabaseUnavailable("gone"), "error"), (ValueError("x"), "crashed")]
)
async def test_a_context_that_cannot_be_had_fails_once_and_skips_the_rest(
    error: Exception, status: str
) -> None:
    async def fetch() -> Mapping[str, None]:
        raise error

    checks = (Check("a.a", "t", _good), Check("a.b", "t", _good))
    results = await Runner().run([CheckSet(checks, fetch), *_one(Check("c.c", "t", _good))])
    assert _statuses(results) == {"a.a": status, "a.b": "skipped", "c.c": "ok"}


async def test_without_subjects_there_is_nothing_to_look_at() -> None:
    (result,) = await Runner().run([CheckSet((Check("a.a", "t", _good),), at_hand({}))])
    assert (result.status, result.detail) == (Status.SKIPPED, "there is nothing to look at")


def _failing(times: int) -> tuple[Callable[[object], object], list[int]]:
    asked: list[int] = []

    async def check(_: object) -> Outcome:
        asked.append(len(asked))
        return good() if len(asked) > times else bad("not yet", "wait")

    return check, asked


async def test_waiting_repeats_what_failed_until_it_is_good_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wabot.checks.runner._PAUSE", 0)
    late, late_asked = _failing(2)
    soon, soon_asked = _failing(0)
    results = await Runner().run_until_good(
        _one(
            Check("a.late", "t", late),  # type: ignore[arg-type]  # a coroutine function
            Check("a.soon", "t", soon),  # type: ignore[arg-type]  # a coroutine function
            Check("a.after", "t", _good, needs=("a.late",)),
        ),
        wait=30,
    )
    assert set(_statuses(results).values()) == {"ok"}
    assert (len(late_asked), len(soon_asked)) == (3, 1)


async def test_waiting_ends_when_its_time_is_over() -> None:
    results = await Runner().run_until_good(_one(Check("a.a", "t", _bad)), wait=0.01)
    assert _statuses(results) == {"a.a": "error"}


async def test_warnings_are_waited_for_when_they_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wabot.checks.runner._PAUSE", 0)
    asked = 0

    async def check(_: object) -> Outcome:
        nonlocal asked
        asked += 1
        return warn("soon", "wait") if asked < 2 else good()

    sets = _one(Check("a.a", "t", check))
    assert _statuses(await Runner().run_until_good(sets, wait=30)) == {"a.a": "warning"}
    assert _statuses(await Runner().run_until_good(sets, wait=30, strict=True)) == {"a.a": "ok"}


async def test_no_result_holds_a_secret() -> None:
    async def leak(_: object) -> Outcome:
        return bad("token EAAabcdefghijk, word s3cretword", "psql postgresql://me:pass@db/x")

    hide(["s3cretword"])
    try:
        (result,) = await Runner().run(_one(Check("a.a", "t", leak)))
    finally:
        hide([])
    assert result.detail == "token EAA***, word ***"
    assert result.fix == "psql postgresql://me:***@db/x"


async def test_every_result_is_told_as_it_comes() -> None:
    told: list[Result] = []
    checks = (Check("a.b", "t", _good, needs=("a.a",)), Check("a.a", "t", _bad))
    await Runner(told=told.append).run(_one(*checks))
    assert [result.id for result in told] == ["a.a", "a.b"]


def _ids(sets: list[CheckSet[None]]) -> set[str]:
    return {check.id for each in sets for check in each.checks}


def test_a_selection_brings_what_it_needs() -> None:
    sets = [
        *_one(Check("a.a", "t", _good), Check("a.b", "t", _good)),
        CheckSet((Check("b.a", "t", _good),), alone(None), needs=("a.a",)),
        *_one(Check("c.a", "t", _good, needs=("b.a",)), Check("c.b", "t", _good)),
    ]
    assert _ids(select(sets, ["c.a"])) == {"c.a", "b.a", "a.a"}
    assert _ids(select(sets, ["c.a:some-shop"])) == {"c.a", "b.a", "a.a"}
    assert _ids(select(sets, ["c"])) == {"c.a", "c.b", "b.a", "a.a"}


async def test_a_need_that_was_left_out_counts_as_met() -> None:
    sets = _one(Check("a.a", "t", _bad), Check("a.b", "t", _good, needs=("a.a",)))
    assert _statuses(await Runner().run(reduced(sets, {"a.b"}))) == {"a.b": "ok"}


async def test_what_is_not_configured_is_skipped_with_its_reason() -> None:
    async def absent(_: object) -> Outcome:
        return skip("not configured")

    (result,) = await Runner().run(_one(Check("a.a", "t", absent)))
    assert (result.status, result.detail) == (Status.SKIPPED, "not configured")
    assert not result.is_problem(strict=True)
