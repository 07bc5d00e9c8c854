"""Figures with their limits, as a table."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table; `holds` is whether the limit is kept."""

    name: str
    value: str
    limit: str
    holds: bool


def show(figures: Iterable[Figure]) -> int:
    """Print each figure as soon as it is known; return the exit code, 1 for a broken limit."""
    broken = 0
    for figure in figures:
        broken += not figure.holds
        mark = "" if figure.holds else "  BROKEN"
        sys.stdout.write(f"{figure.name:<52}{figure.value:>12}  {figure.limit}{mark}\n")
        sys.stdout.flush()
    return min(broken, 1)
