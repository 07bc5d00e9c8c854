"""Meta's side of the whole platform: that Graph is reached, and how long it serves our version."""

from datetime import date
from typing import Protocol

from wabot.checks.model import Check, Outcome, Severity, bad, good, warn
from wabot.domain.counted import counted
from wabot.domain.meta import CURRENT_VERSION, WARN_BEFORE, version_end


class Graph(Protocol):
    """The version of the Graph API that is asked for, and where that is set."""

    version: str
    place: str
    today: date

    async def reach(self) -> str:
        """Return the address that answered, whatever it said; raises ExternalFailure."""
        ...


async def _version(graph: Graph) -> Outcome:
    end = version_end(graph.version)
    fix = f"set {graph.place} to {CURRENT_VERSION}"
    if end is None:
        return good(f"{graph.version}, no end announced")
    if end <= graph.today:
        return bad(f"Meta ended {graph.version} on {end}", fix)
    if end - graph.today <= WARN_BEFORE:
        left = (end - graph.today).days
        return warn(f"Meta ends {graph.version} on {end}, in {counted(left, 'day')}", fix)
    return good(f"{graph.version}, served until {end}")


async def _reached(graph: Graph) -> Outcome:
    return good(f"{await graph.reach()} answers")


GRAPH = (
    Check("whatsapp.version", "Meta serves the API's version", _version),
    Check("whatsapp.graph", "Meta is reached", _reached, severity=Severity.WARNING),
)
