"""Counts in words for operators."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return the count before its word: 1 shop, 2 shops; `many` where more than an s differs."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
