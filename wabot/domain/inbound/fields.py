"""Reading JSON that may hold anything: every function here is total."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

ID = 256
"""Longest identifier kept; real ones have fewer than 150 characters."""

_DEPTH = 32
_PHONE = re.compile(r"\+?([0-9]{5,20})")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")
_NOTHING: Mapping[str, Any] = {}


def storable(value: Any, depth: int = _DEPTH) -> Any:
    """Return the value as PostgreSQL's JSONB can hold it: no NUL, half characters or huge numbers.

    One such character in one message would otherwise refuse the whole batch, again and again.
    """
    match value:
        case str():
            return _storable_text(value)
        case dict() if depth:
            return {
                _storable_text(str(key)): storable(item, depth - 1) for key, item in value.items()
            }
        case list() if depth:
            return [storable(item, depth - 1) for item in value]
        case None | bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**63 else None
        case float():
            return value if isfinite(value) else None
        case _:
            return None


def _storable_text(value: str) -> str:
    if value.isascii():
        return value.replace("\0", "")
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else _NOTHING


def sequence(value: object) -> Sequence[Any]:
    """Return a JSON array, or an empty one in place of anything else."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """Return a string, or an empty one in place of anything else."""
    return value if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """Return an id; numbers count, what is longer than any real id does not."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return str(value)
    found = text(value).strip()
    return found if len(found) <= ID else ""


def phone(value: object) -> str:
    """Return the digits of a wa_id, empty when it is none."""
    found = _PHONE.fullmatch(identifier(value))
    return found.group(1) if found else ""


def user_id(value: object) -> str:
    """Return a business-scoped user id, empty when it is none."""
    found = identifier(value)
    return found if _USER_ID.fullmatch(found) else ""


def number(value: object) -> float | None:
    """Return a finite number, also from a string."""
    found = decimal(value)
    return float(found) if found is not None else None


def decimal(value: object) -> Decimal | None:
    """Return a number of reasonable size exactly as written, also from a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    written = value if isinstance(value, str) else repr(value)
    if len(written) > 40:
        return None
    try:
        found = Decimal(written)
    except InvalidOperation:
        return None
    return found if found.is_finite() and -20 <= found.adjusted() <= 20 else None


def whole(value: object) -> int | None:
    """Return a whole number, also from a string."""
    found = decimal(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def moment(value: object, otherwise: datetime) -> datetime:
    """Return a time given in Unix seconds (Meta sends a string), or the other one."""
    seconds = whole(value)
    if seconds is None or seconds <= 0:
        return otherwise
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
