"""A shop's settings by key: their types, their stored form, and what they mean."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any

from wabot.domain.hours import OpeningHours, parse_hours
from wabot.domain.purpose import Purpose, TemplateName, parse_template
from wabot.domain.shop import ShopSettings
from wabot.errors import InvalidInput

StoredValue = bool | int | str | list[int]
"""What a row of a tenant's `settings` holds, as JSON."""


class SettingKind(StrEnum):
    """Types of settings, by the names that templates use."""

    BOOLEAN = "boolean"
    TEXT = "text"
    PHONE = "phone"
    NUMBERS = "numbers"
    DURATION = "duration"
    HOURS = "hours"
    WHOLE = "whole"
    CHOICE = "choice"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """A setting as a template declares it.

    `choices` are those of a choice; `minimum` and `maximum` bound a whole number.
    """

    key: str
    kind: SettingKind
    default: StoredValue
    help: str = ""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    def parse(self, value: object) -> Any:
        """Return what a stored value means; ValueError says which rule it breaks."""
        meant = parse_setting(self.kind, value)
        if self.kind is SettingKind.CHOICE and meant not in self.choices:
            raise ValueError(f"must be one of: {', '.join(self.choices)}")
        if self.kind is SettingKind.WHOLE:
            self._check_bounds(meant)
        return meant

    def _check_bounds(self, number: int) -> None:
        low, high = self.minimum, self.maximum
        if (low is None or low <= number) and (high is None or number <= high):
            return
        bounds = f"from {low} to {high}"
        if high is None:
            bounds = f"of at least {low}"
        elif low is None:
            bounds = f"of at most {high}"
        raise ValueError(f"must be a whole number {bounds}")


SHOP_SETTINGS: dict[str, SettingKind] = {
    "owner_notices": SettingKind.BOOLEAN,
    "owner_phone": SettingKind.PHONE,
    "adviser_phone": SettingKind.PHONE,
    "addressing": SettingKind.CHOICE,
    "pickup": SettingKind.BOOLEAN,
    "pickup_address": SettingKind.TEXT,
    "opening_hours": SettingKind.HOURS,
    "usual_quantities": SettingKind.NUMBERS,
    "session_lifetime": SettingKind.DURATION,
    "pause_lifetime": SettingKind.DURATION,
    "handoff_patience": SettingKind.DURATION,
    "order_alert_minutes": SettingKind.WHOLE,
    **{purpose.setting: SettingKind.TEMPLATE for purpose in Purpose},
}

_CHOICES = {"addressing": ("tu", "usted")}
_MOST = {"order_alert_minutes": 10_080}
_HELP = {
    purpose.setting: "An approved template of the shop's WhatsApp account, as NAME:LANGUAGE."
    for purpose in Purpose
} | {
    "order_alert_minutes": "Minutes after which an order that was not accepted is an alert to the"
    " operator; 0: never."
}

_LONGEST = timedelta(days=365)
_TOO_LONG = timedelta.max
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_WHOLE = re.compile(r"-?[0-9]{1,10}")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 500:
        raise ValueError("must be a text of at most 500 characters")
    return value


def _phone(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(\+[1-9][0-9]{6,14})?", value):
        raise ValueError("must be a phone number like +525512345678, or empty")
    return value


def _numbers(value: object) -> tuple[int, ...]:
    rule = "must be one to three different whole numbers from 1 to 999, like [1, 2, 3]"
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 3:
        raise ValueError(rule)
    if any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 999 for n in value):
        raise ValueError(rule)
    if len(set(value)) != len(value):
        raise ValueError(rule)
    return tuple(value)


def _duration(value: object) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]*)([dhms])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a whole number with d, h, m or s, like "24h"')
    # More digits than a year has seconds: no need to count, and no integer too long to.
    length = timedelta(**{_UNITS[match[2]]: int(match[1])}) if len(match[1]) <= 8 else _TOO_LONG
    if length > _LONGEST:
        raise ValueError("must be at most 365d")
    return length


def _hours(value: object) -> OpeningHours:
    return parse_hours(_text(value))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000_000:
        raise ValueError("must be a whole number")
    return value


def _template(value: object) -> TemplateName | None:
    return parse_template(_text(value))


_PARSERS: dict[SettingKind, Callable[[object], Any]] = {
    SettingKind.BOOLEAN: _boolean,
    SettingKind.TEXT: _text,
    SettingKind.PHONE: _phone,
    SettingKind.NUMBERS: _numbers,
    SettingKind.DURATION: _duration,
    SettingKind.HOURS: _hours,
    SettingKind.WHOLE: _whole,
    SettingKind.CHOICE: _text,
    SettingKind.TEMPLATE: _template,
}


def parse_setting(kind: SettingKind, value: object) -> Any:
    """Return what a stored value means; ValueError says which rule it breaks."""
    return _PARSERS[kind](value)


def common_setting(key: str) -> SettingSpec:
    """Return the rules of a setting that every shop has, whether its template names it or not."""
    most = _MOST.get(key)
    return SettingSpec(
        key,
        SHOP_SETTINGS[key],
        "",
        _HELP.get(key, ""),
        choices=_CHOICES.get(key, ()),
        minimum=None if most is None else 0,
        maximum=most,
    )


def from_words(kind: SettingKind, words: str) -> StoredValue:
    """Return what a person's words for a value are stored as; whether it is valid is not said."""
    match kind:
        case SettingKind.BOOLEAN:
            return _TRUTH.get(words.strip().lower(), words)
        case SettingKind.WHOLE:
            return int(words) if _WHOLE.fullmatch(words.strip()) else words
        case SettingKind.NUMBERS:
            parts = [part.strip() for part in words.strip().strip("[]").split(",")]
            return [int(part) for part in parts] if all(map(_WHOLE.fullmatch, parts)) else words
        case _:
            return words.strip()


def shop_settings(stored: Mapping[str, object]) -> ShopSettings:
    """Read a tenant's rows; absent keys take their default, keys of later versions are ignored."""
    values = {}
    for known in fields(ShopSettings):
        if known.name not in stored:
            continue
        try:
            values[known.name] = common_setting(known.name).parse(stored[known.name])
        except ValueError as error:
            raise InvalidInput(f"setting {known.name} {error}") from None
    return ShopSettings(**values)
