"""What a server checks before it takes webhooks."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from wabot.checks.model import CheckSet, Result, Status
from wabot.checks.runner import Runner, reduced
from wabot.config import Examination
from wabot.container.central import CentralUrls
from wabot.container.checks import GROUPS, open_surroundings, sets_of
from wabot.container.checks.webhook import own_routes
from wabot.errors import ConfigurationError, UnknownChoice, WabotError

# What a shop has, and what only answers once the server listens, is looked at beside the server.
_AT_START = ("env", "database", "whatsapp", "aws", "media", "logs")
_PATIENCE = 10.0
# What is wrong there may cost much one day, and keeps nobody from serving today: refusing would be
# the outage. It is looked at beside the server and raises alerts.
_BESIDE = frozenset(
    {
        *("aws.instance", "aws.topic", "aws.rds_storage", "aws.rds_backups", "aws.rds_safety"),
        *("aws.bucket_private", "aws.bucket_encrypted", "aws.bucket_lifecycle"),
    }
)
# A server writes no backups.
_NOT_SERVED = frozenset({"WABOT_BACKUPS"})


async def check_start(
    found: Examination,
    urls: CentralUrls,
    *,
    skipped: Collection[str] = (),
    keep_traceback: Callable[[BaseException], str] = lambda _: "",
) -> list[Result]:
    """Check the platform, but for the skipped ids and categories."""
    async with open_surroundings(found, urls=urls) as around:
        every = sets_of(around, _AT_START)
        sets = [each for each in every if not each.shops]
        _refuse_slips(skipped, {check.id for each in every for check in each.checks})
        ids = {check.id for each in sets for check in each.checks}
        wanted = ids - _with_dependents(without(skipped, ids), sets) - _BESIDE
        runner = Runner(timeout=_PATIENCE, keep_traceback=keep_traceback)
        return [_mild(result) for result in await runner.run(reduced(sets, wanted))]


async def check_routes(
    found: Examination, address: str, *, skipped: Collection[str] = ()
) -> list[Result]:
    """Check what a server answers at the address where it listens now."""
    routes = own_routes(found, address)
    ids = {check.id for check in routes.checks}
    runner = Runner(timeout=_PATIENCE)
    return await runner.run(reduced([routes], ids - without(skipped, ids)))


def _mild(result: Result) -> Result:
    """Return what Meta has to answer for as a warning: webhooks are taken and kept meanwhile."""
    if result.category == "whatsapp" and result.failed:
        return replace(result, status=Status.WARNING)
    return result


def without(skipped: Collection[str], ids: Collection[str]) -> set[str]:
    """Return the ids that are named, each or by their category."""
    return {check_id for check_id in ids if {check_id, check_id.partition(".")[0]} & {*skipped}}


def _with_dependents(left_out: set[str], sets: Sequence[CheckSet[Any]]) -> set[str]:
    """Return the ids with all that need them: what was not looked at may hinder those as well."""
    needs = {check.id: {*each.needs, *check.needs} for each in sets for check in each.checks}
    found = set(left_out)
    # A server reads its settings before: those that are left out were good enough for the others.
    spread = {check_id for check_id in left_out if not check_id.startswith("env.")}
    while spread:
        spread = {check_id for check_id, its in needs.items() if its & spread} - found
        found |= spread
    return found


def _refuse_slips(skipped: Collection[str], ids: Collection[str]) -> None:
    known = {*ids, *GROUPS}
    here = {check_id.partition(".")[0] for check_id in ids}
    for name in skipped:
        category = name.partition(".")[0]
        if name not in known and (category in here or category not in GROUPS):
            close = get_close_matches(name, known, n=1)
            raise UnknownChoice(
                f"--skip-checks {name}: there is no such check",
                hint=f"Did you mean {close[0]}?" if close else "See all with: wabot check all",
            )


def require_good(results: Sequence[Result]) -> None:
    """Raise what keeps a server from starting: the first error, as it came."""
    failed = [
        result
        for result in results
        if result.failed and not result.shop and result.subject not in _NOT_SERVED
    ]
    if not failed:
        return
    first = failed[0]
    kind: type[WabotError] = type(first.error) if first.error else ConfigurationError
    more = f" (and {len(failed) - 1} more)" if failed[1:] else ""
    raise kind(
        f"The server does not start, for {first.id}{more}: {' '.join(first.detail.split())}",
        hint=f"{first.fix.rstrip('.')}. To start all the same: --skip-checks"
        f" {','.join(result.id.partition(':')[0] for result in failed)}",
    )
