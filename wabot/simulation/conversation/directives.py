"""What `@` lines can ask for, and how their words are read."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from wabot.domain.plan import PLANS
from wabot.domain.settings import SHOP_SETTINGS, SettingKind, StoredValue, parse_setting
from wabot.simulation.conversation.script import Directive

_LENGTH = re.compile(r"(\d{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_YES = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def check_directive(directive: Directive) -> None:
    """Raise ValueError unless the directive is known and its words make sense."""
    check = _CHECKS.get(directive.name)
    if check is None:
        raise ValueError(f"unknown @ {directive.name}; known: {', '.join(sorted(_CHECKS))}")
    check(directive.words)


def read_length(word: str) -> timedelta:
    """Read a length of time such as `25h` or `1h30m`."""
    found = list(_LENGTH.finditer(word))
    if not found or "".join(part[0] for part in found) != word:
        raise ValueError(f"{word!r} is no length of time like 25h, 90m or 1d12h")
    return timedelta(**_summed(found))


def _summed(found: list[re.Match[str]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in found:
        total[_UNITS[part[2]]] = total.get(_UNITS[part[2]], 0) + int(part[1])
    return total


def read_moment(word: str) -> datetime:
    """Read a time of the shop such as `2026-03-02T10:00`; it has no zone yet."""
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise ValueError(f"{word!r} is no time like 2026-03-02T10:00") from None
    if moment.tzinfo is not None:
        raise ValueError("a time is the shop's own and has no zone")
    return moment


def read_setting(key: str, written: str) -> StoredValue:
    """Read a shop's setting as `settings` stores it."""
    if key not in SHOP_SETTINGS:
        raise ValueError(f"unknown setting {key!r}; known: {', '.join(sorted(SHOP_SETTINGS))}")
    kind = SHOP_SETTINGS[key]
    value: StoredValue = written
    if kind is SettingKind.BOOLEAN:
        if written not in _YES:
            raise ValueError(f"setting {key} is on or off")
        value = _YES[written]
    if kind is SettingKind.NUMBERS:
        try:
            value = [int(number) for number in written.split(",")]
        except ValueError:
            raise ValueError(f"setting {key} is written like 1,2,3") from None
    parse_setting(kind, value)
    return value


def read_pairs(words: tuple[str, ...], known: tuple[str, ...]) -> dict[str, str]:
    """Read `key=value` words."""
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in known:
            raise ValueError(f"{word!r} is none of: {', '.join(f'{name}=…' for name in known)}")
        pairs[key] = value
    return pairs


CUSTOMER_PAIRS = ("name",)
USAGE_PAIRS = ("messages",)
PRODUCT_PAIRS = ("price", "stock", "active")


def _count(words: tuple[str, ...], low: int, high: int, form: str) -> None:
    if not low <= len(words) <= high:
        raise ValueError(f"it is written: @ {form}")


def _template(words: tuple[str, ...]) -> None:
    _count(words, 1, 1, "template NAME")


def _now(words: tuple[str, ...]) -> None:
    _count(words, 1, 1, "now 2026-03-02T10:00")
    read_moment(words[0])


def _advance(words: tuple[str, ...]) -> None:
    _count(words, 1, 1, "advance 25h")
    read_length(words[0])


def _late(words: tuple[str, ...]) -> None:
    _count(words, 1, 1, "late 15m")
    read_length(words[0])


def _setting(words: tuple[str, ...]) -> None:
    _count(words, 2, 2, 'setting KEY VALUE (an empty one is "")')
    read_setting(*words)


def _staff(words: tuple[str, ...]) -> None:
    if words != ("wrote",):
        raise ValueError("it is written: @ staff wrote")


def _plan(words: tuple[str, ...]) -> None:
    _count(words, 1, 1, "plan NAME")
    if words[0] not in PLANS:
        raise ValueError(f"unknown plan {words[0]!r}; known: {', '.join(PLANS)}")


def _usage(words: tuple[str, ...]) -> None:
    _count(words, 1, 1, "usage messages=999")
    counted = read_pairs(words, USAGE_PAIRS)["messages"]
    if not re.fullmatch(r"\d{1,9}", counted):
        raise ValueError(f"{counted!r} is no number of messages")


def _customer(words: tuple[str, ...]) -> None:
    _count(words, 1, 2, "customer new|bsuid|NUMBER [name=NAME]")
    if not re.fullmatch(r"new|bsuid|[0-9]{7,15}|[A-Z]{2}\.[A-Za-z0-9.]{1,100}", words[0]):
        raise ValueError("a customer is new, bsuid, or a number like 5215512345678")
    read_pairs(words[1:], CUSTOMER_PAIRS)


def _stock(words: tuple[str, ...]) -> None:
    _count(words, 2, 2, "stock SKU UNITS")
    read_number(words[1])


def _product(words: tuple[str, ...]) -> None:
    _count(words, 2, 4, "product SKU price=… stock=… active=yes|no")
    pairs = read_pairs(words[1:], PRODUCT_PAIRS)
    if pairs.get("active", "yes") not in _YES:
        raise ValueError("active is yes or no")
    for key in ("price", "stock"):
        if key in pairs:
            read_number(pairs[key])


def _order(words: tuple[str, ...]) -> None:
    _count(words, 1, 2, "order STATUS [CODE]")


def read_number(word: str) -> str:
    """Return a plain number that PostgreSQL reads as numeric."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", word):
        raise ValueError(f"{word!r} is no number like 12 or 2.5")
    return word


def read_flag(word: str) -> bool:
    """Read yes or no."""
    return _YES[word]


_CHECKS: dict[str, Callable[[tuple[str, ...]], None]] = {
    "template": _template,
    "now": _now,
    "advance": _advance,
    "late": _late,
    "setting": _setting,
    "staff": _staff,
    "plan": _plan,
    "usage": _usage,
    "customer": _customer,
    "stock": _stock,
    "product": _product,
    "order": _order,
}
