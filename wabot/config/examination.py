"""All settings as they were found, right or wrong, for whoever is to report on them."""

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from wabot.config.alerting import lacking
from wabot.config.table import SETTINGS, Setting

_PREFIXES = ("WABOT_", "WHATSAPP_")
# A shorter one stands in too many other words.
_SHORTEST_SECRET = 6


# Where this machine keeps things is its own affair, and asked for before any source is.
OF_THIS_MACHINE = frozenset({"WABOT_SETTINGS_FROM", "WABOT_HOME", "WABOT_TEMPLATE_DIR"})


class Origin(StrEnum):
    """Where a setting's value comes from."""

    ENVIRONMENT = "the environment"
    FILE = ".env"
    SOURCE = "WABOT_SETTINGS_FROM"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Reading:
    """One setting; `problem` is the rule that its text breaks, and then there is no value."""

    setting: Setting
    origin: Origin
    text: str = field(default="", repr=False)
    value: Any = field(default=None, repr=False)
    problem: str = ""

    @property
    def empty(self) -> bool:
        """Tell whether nothing was set, or nothing that counts."""
        return not self.text or self.value in ((), {})


@dataclass(frozen=True, slots=True)
class Stray:
    """A name that looks like a setting's and is none, with the likeliest one."""

    name: str
    meant: str

    def __str__(self) -> str:
        close = f" Did you mean {self.meant}?" if self.meant else ""
        return f"{self.name} is not a setting of wabot and has no effect.{close}"


@dataclass(frozen=True, slots=True)
class Examination:
    """Every setting by name, and what is wrong beyond single ones.

    `unreadable` says why the file could not be read; the environment was read all the same.
    `broken` are the numbers of the file's lines that set nothing and should. `away` says why the
    source that is set could not be read, and then what to do.
    """

    file: Path
    readings: Mapping[str, Reading]
    contradictions: tuple[str, ...]
    strays: tuple[Stray, ...]
    unreadable: str = ""
    away: tuple[str, str] | None = None
    broken: tuple[int, ...] = ()

    @property
    def broken_lines(self) -> list[str]:
        """Tell each line of the file that cannot be read; never what it holds."""
        path = self.file.resolve()
        return [f"{path}, line {line} is not NAME=value and sets nothing" for line in self.broken]

    @property
    def malformed(self) -> tuple[Reading, ...]:
        """Return the settings whose values cannot be used."""
        return tuple(reading for reading in self.readings.values() if reading.problem)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the words of all secrets that are set: what nothing that is shown may hold."""
        words: set[str] = set()
        for reading in self.readings.values():
            # Passwords in URLs are known by where they stand.
            if reading.setting.secret and "DATABASE_URL" not in reading.setting.name:
                words |= {reading.text, *re.split(r"\s*[,;=]\s*", reading.text)}
        return tuple(word for word in words if len(word) >= _SHORTEST_SECRET)

    def missing(self, required: tuple[str, ...]) -> tuple[Reading, ...]:
        """Return those of the required settings that are not set."""
        readings = map(self.readings.__getitem__, required)
        return tuple(reading for reading in readings if not reading.problem and reading.empty)


def examine(
    file: Path,
    from_file: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    source: Mapping[str, str] | None = None,
    unreadable: str = "",
    away: tuple[str, str] | None = None,
) -> Examination:
    """Parse every setting of the environment over those of the file, over those of the source."""
    kept = source or {}
    readings = {known.name: _read(known, from_file, environ, kept) for known in SETTINGS}
    values = {name: reading.value for name, reading in readings.items() if not reading.problem}
    return Examination(
        file,
        readings,
        tuple(_contradictions(values)),
        tuple(_strays({**kept, **from_file, **environ})),
        unreadable,
        away,
    )


def _read(
    known: Setting,
    from_file: Mapping[str, str],
    environ: Mapping[str, str],
    source: Mapping[str, str],
) -> Reading:
    name = known.name
    given = environ.get(name, from_file.get(name, "")).strip()
    origin = Origin.ENVIRONMENT if name in environ else Origin.FILE
    if not given:
        # An empty line of .env, as its example has them, hides nothing.
        given = "" if name in OF_THIS_MACHINE else source.get(name, "").strip()
        origin = Origin.SOURCE if given else Origin.DEFAULT
    try:
        return Reading(known, origin, given, known.parse(given or known.default))
    except ValueError as error:
        return Reading(known, origin, given, problem=str(error))


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """Name pairs of settings that are right alone and wrong together."""
    rules = (
        ("WABOT_QUIET_WINDOW", operator.le, "must not be above", "WABOT_QUIET_WINDOW_MAX"),
        ("WABOT_TURNS_PER_TENANT", operator.lt, "must be below", "WABOT_POOL_SIZE"),
        ("WABOT_RESEND_AFTER", operator.le, "must not be above", "WABOT_RESEND_AFTER_SILENT"),
    )
    for one, holds, rule, other in rules:
        if one in values and other in values and not holds(values[one], values[other]):
            yield f"{one} ({values[one]:g}) {rule} {other} ({values[other]:g})"
    yield from lacking(values.get)


def _strays(given: Mapping[str, str]) -> Iterator[Stray]:
    """Find what looks like a setting and is none: most likely a slip."""
    known = [setting.name for setting in SETTINGS]
    for name in sorted(given):
        if name.startswith(_PREFIXES) and name not in known:
            yield Stray(name, next(iter(get_close_matches(name, known, n=1)), ""))
