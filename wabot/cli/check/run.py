"""Running checks for a command: asked, shown, and turned into an exit code."""

import asyncio
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import typer

from wabot.cli.check.view import show, summary
from wabot.cli.crash import write_crash_file
from wabot.cli.output import Output
from wabot.errors import NotFound, UnknownChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wabot.checks.model import CheckSet, Result
    from wabot.cli.check.app import Asked


def run(asked: "Asked") -> None:
    """Run the checks that were asked for, show them, and exit with 1 when one failed."""
    from wabot import logs
    from wabot.checks.runner import Runner, select
    from wabot.config import examine_settings
    from wabot.container.checks import open_surroundings, sets_of

    out = Output(asked.command, json=asked.json)
    found = examine_settings()
    logs.hide(found.secrets)

    async def checked() -> "tuple[list[str], list[Result]]":
        async with open_surroundings(found, slugs=asked.slugs) as around:
            sets = sets_of(around, asked.groups)
            wanted = _wanted(asked, sets)
            results = await runner.run_until_good(
                select(sets, wanted), wait=asked.wait, strict=asked.strict
            )
            return wanted, results

    with out.progress("Checking") as advance:
        runner = Runner(
            timeout=asked.timeout,
            told=lambda _: advance(1),
            keep_traceback=lambda error: str(write_crash_file(error)),
        )
        wanted, results = asyncio.run(checked())
    for result in results:
        # Of the whole set, not of a shop in it: there is no such shop to look at.
        if (
            asked.slugs
            and result.shop
            and not result.subject
            and isinstance(result.error, NotFound)
        ):
            raise result.error
    shown = [result for result in results if _is_shown(result, wanted, asked)]
    wrong = [result for result in results if result.is_problem(strict=asked.strict)]
    if wrong:
        out.found(f"not as it should be: {', '.join(result.id for result in wrong)}")
    told = summary(results if asked.problems else shown)
    show(
        out,
        shown,
        told if shown or not results else f"{told}, no problems",
        commands=_commands(shown),
    )
    if wrong:
        raise typer.Exit(1)


def _wanted(asked: "Asked", sets: "Sequence[CheckSet[Any]]") -> list[str]:
    if not asked.only:
        return list(asked.groups)
    ids = {check.id for each in sets for check in each.checks}
    known = sorted(ids | {name.partition(".")[0] for name in ids})
    for name in asked.only:
        if name.partition(":")[0] not in known:
            close = get_close_matches(name, known, n=3)
            raise UnknownChoice(
                f"{name} is no check of `wabot {asked.command}`",
                hint=f"Did you mean {' or '.join(close)}?"
                if close
                else f"There are: {', '.join(sorted(ids))}",
            )
    return list(asked.only)


def _is_shown(result: "Result", wanted: "Sequence[str]", asked: "Asked") -> bool:
    if asked.problems:
        return result.is_problem(strict=True)
    # What others need is shown when it explains why they were skipped.
    return result.is_problem(strict=True) or result.matches(wanted)


def _commands(results: "Sequence[Result]") -> list[str]:
    """Return the repairs that are commands of ours, each once, as they are typed."""
    commands = [part for r in results for part in r.fix.split(", then: ")]
    return list(dict.fromkeys(part for part in commands if part.startswith("wabot ")))
