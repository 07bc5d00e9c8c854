"""Faults found in files, told with file, line and reason, all at once."""

from dataclasses import dataclass, field
from pathlib import Path

from wabot.errors import InvalidInput

MISSING = "the file is missing"

_SHOWN = 20


@dataclass(slots=True)
class Problems:
    """What is wrong with a template; reading goes on after a fault to find the next."""

    found: list[str] = field(default_factory=list)

    def add(self, path: Path, line: int, reason: str) -> None:
        """Note a fault; of the whole file when the line is 0."""
        self.found.append(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")

    def raise_any(self, what: str) -> None:
        """Raise InvalidInput with the faults, if there are any."""
        if not self.found:
            return
        shown = self.found[:_SHOWN]
        if len(self.found) > _SHOWN:
            shown.append(f"… and {len(self.found) - _SHOWN} more")
        lines = any(not line.endswith(MISSING) for line in self.found)
        raise InvalidInput(
            f"{what} cannot be used:\n" + "\n".join(f"  {line}" for line in shown),
            hint="Correct these lines and run the command again."
            if lines
            else "Correct the path and run the command again.",
        )
