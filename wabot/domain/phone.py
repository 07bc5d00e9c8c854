"""Phone numbers as values that are shown to people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phone:
    """A number with + and country code, written at the edge as people write numbers."""

    number: str
