"""Words shared by all rules about messages: required, text, list, one of."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from wabot.simulation.graph.refusals import Refusal

MISSING = 131008
INVALID = 131009
PARAMETER = 100


def required(holder: Mapping[str, Any], key: str, where: str = "") -> Any:
    """Return a parameter that must be there."""
    if holder.get(key) is None:
        raise Refusal(MISSING, f"Required parameter is missing: {where}{key}")
    return holder[key]


def obj(value: object, where: str) -> Mapping[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise Refusal(PARAMETER, f"Param {where} must be a JSON object.")
    return value


def array(value: object, where: str, low: int, high: int) -> Sequence[Any]:
    """Return a JSON array with a number of entries between the two."""
    if not isinstance(value, list):
        raise Refusal(PARAMETER, f"Param {where} must be an array.")
    if not low <= len(value) <= high:
        raise Refusal(
            INVALID,
            f"Invalid {where} count. Min allowed {where}: {low}, Max allowed {where}: {high}",
        )
    return value


def text(value: object, where: str, high: int, *, code: int = INVALID) -> str:
    """Return a string of 1 to `high` characters that is not blank."""
    if not isinstance(value, str):
        raise Refusal(PARAMETER, f"Param {where} must be a string.")
    if not value.strip() or len(value) > high:
        raise Refusal(code, f"{where} length invalid. Min length: 1, Max length: {high}")
    return value


def one_of(value: object, where: str, allowed: Collection[str]) -> str:
    """Return a string that is among the allowed ones."""
    if not isinstance(value, str) or value not in allowed:
        names = ", ".join(sorted(allowed))
        raise Refusal(PARAMETER, f"Param {where} must be one of {{{names}}} - got {value!r}.")
    return value


def unique(values: Sequence[str], where: str) -> None:
    """Refuse a value that comes twice."""
    if len(set(values)) < len(values):
        raise Refusal(INVALID, f"{where} must be unique within the message")
