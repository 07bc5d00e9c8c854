"""A setting as the table describes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as the operator sees it; `parse` raises ValueError with the broken rule."""

    name: str
    group: str
    help: str
    default: str = ""
    obtain: str = ""
    secret: bool = False
    parse: Callable[[str], Any] = str
