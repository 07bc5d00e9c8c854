"""The checks that `wabot serve` makes before it serves, in a few lines."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from wabot.cli.check.view import short_lines
from wabot.cli.crash import write_crash_file
from wabot.container.checks import starting
from wabot.container.checks.beside import checks_beside as beside
from wabot.container.checks.loops import run_checks
from wabot.container.checks.surroundings import address_here

if TYPE_CHECKING:
    from wabot.cli.output import Output
    from wabot.config import Examination
    from wabot.container import CentralUrls

__all__ = ["beside", "check", "check_routes", "run_checks"]


def check(
    out: "Output", found: "Examination", urls: "CentralUrls", skipped: Collection[str]
) -> None:
    """Check the platform, show what is not as it should be, and raise what cannot be served on."""
    results = run_checks(
        starting.check_start(
            found, urls, skipped=skipped, keep_traceback=lambda error: str(write_crash_file(error))
        )
    )
    for line in short_lines(results, out):
        out.note(line)
    starting.require_good(results)


async def check_routes(
    out: "Output", found: "Examination", host: str, port: int, skipped: Collection[str]
) -> None:
    """Ask the server that listens there as Meta would, and raise what it answers wrongly."""
    results = await starting.check_routes(found, address_here(host, port), skipped=skipped)
    for line in short_lines(results, out, label="routes"):
        out.note(line)
    starting.require_good(results)
