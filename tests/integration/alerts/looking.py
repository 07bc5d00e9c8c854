"""What looking at facts in a real database takes."""

from collections.abc import Callable

from wabot.domain.alerts.findings import Disk
from wabot.services.alerts.evaluator import Evaluator

Central = Callable[..., list]
HOST = "this-machine"


class FullDisk:
    """A disk that is as full as the test says."""

    def __init__(self) -> None:
        self.free = 50

    def look(self) -> list[Disk]:
        return [Disk("/srv", self.free, 100)]


async def alerts(evaluator: Evaluator, central: Central) -> list[tuple]:
    """Look at everything again; return what stands."""
    central("UPDATE wabot.alert_rounds SET due_at = now() - interval '1 s'")
    await evaluator.run_once()
    return central(
        "SELECT rule, severity FROM wabot.alerts WHERE resolved_at IS NULL ORDER BY rule"
    )
