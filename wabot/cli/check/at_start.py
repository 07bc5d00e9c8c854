"""The checks that `wabot serve` makes before it serves, in a few lines."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from wabot.cli.check.view import problem_lines, summary
from wabot.cli.crash import write_crash_file
from wabot.container.checks.beside import checks_beside as beside
from wabot.container.checks.starting import check_start, require_good

if TYPE_CHECKING:
    from wabot.cli.output import Output
    from wabot.config import Examination
    from wabot.container import CentralUrls

__all__ = ["beside", "check"]


def check(
    out: "Output", found: "Examination", urls: "CentralUrls", skipped: Collection[str]
) -> None:
    """Check the platform, show what is not as it should be, and raise what cannot be served on."""
    results = asyncio.run(
        check_start(
            found, urls, skipped=skipped, keep_traceback=lambda error: str(write_crash_file(error))
        )
    )
    for line in problem_lines(results, out):
        out.note(line)
    out.note(f"Checked: {summary(results)}")
    require_good(results)
