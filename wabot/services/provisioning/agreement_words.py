"""What the operator writes about a plan, in words of the command line."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wabot.domain.plan import Feature, Limit
from wabot.errors import InvalidInput
from wabot.services.provisioning.request import unknown

MOST = 1_000_000_000
_LAST = date(2199, 12, 31)
_DAYS = re.compile(r"([0-9]{1,4})d")


def check_limit(option: str, words: str) -> int:
    """Return a limit: a whole number, none at all included."""
    clean = words.strip().replace(",", "").replace("_", "")
    if not re.fullmatch(r"[0-9]{1,10}", clean) or int(clean) > MOST:
        raise InvalidInput(
            f"{option} must be a whole number from 0 to {MOST:,}, got {words!r}",
            hint=f"For example: {option} 1500",
        )
    return int(clean)


def check_item(words: str) -> Limit | Feature:
    """Return the limit or feature of that name; the options' names are understood too."""
    named = words.strip().replace("-", "_")
    short = {"messages": Limit.MESSAGES, "products": Limit.PRODUCTS}
    known: dict[str, Limit | Feature] = {
        **short,
        **{limit.value: limit for limit in Limit},
        **{feature.value: feature for feature in Feature},
    }
    if named not in known:
        raise unknown("limit or feature", words.strip(), [*short, *Feature])
    return known[named]


def check_features(words: Sequence[str]) -> dict[Feature, bool]:
    """Return the features that are given (`+name`) and taken away (`-name`)."""
    found: dict[Feature, bool] = {}
    for word in words:
        sign, named = word[:1], word[1:].strip().replace("-", "_")
        if sign not in {"+", "-"} or not named:
            raise InvalidInput(
                f"--feature takes +NAME to give and -NAME to take away, got {word!r}",
                hint=f"For example: --feature +{Feature.FREE_TEXT_ORDERS}. Known: "
                + ", ".join(Feature),
            )
        if named not in set(Feature):
            raise unknown("feature", named, Feature)
        if found.setdefault(Feature(named), sign == "+") is not (sign == "+"):
            raise InvalidInput(f"--feature gives {named} and takes it away")
    return found


def check_day(option: str, words: str, today: date) -> date:
    """Return a day: `2026-12-31`, or `30d` for thirty days from today."""
    if match := _DAYS.fullmatch(words.strip()):
        return today + timedelta(days=int(match[1]))
    try:
        day = date.fromisoformat(words.strip())
    except ValueError:
        day = date.max
    if day > _LAST:
        raise InvalidInput(
            f"{option} takes a day like 2026-12-31, or 30d for thirty days from today;"
            f" got {words!r}"
        )
    return day


def day_begins(day: date, time_zone: str) -> datetime:
    """Return the day's first moment in a shop's time zone."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone))


def day_ends(day: date, time_zone: str) -> datetime:
    """Return the first moment after the day in a shop's time zone."""
    return day_begins(day + timedelta(days=1), time_zone)
