"""Long lists cut into what one message can show."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

ROWS = 10


def page_of(items: Sequence[Item], page: int, rows: int = ROWS) -> tuple[Sequence[Item], bool]:
    """Return the items of that page and whether more follow, which takes a row itself."""
    start = max(page, 0) * (rows - 1)
    if start >= len(items):
        start = last_page(items, rows) * (rows - 1)
    rest = items[start:]
    if len(rest) <= rows:
        return rest, False
    return rest[: rows - 1], True


def last_page(items: Sequence[Item], rows: int = ROWS) -> int:
    """Return the number of the last page."""
    if len(items) <= rows:
        return 0
    # Every page but the last gives one row away to «Ver más».
    return -(-(len(items) - rows) // (rows - 1))
