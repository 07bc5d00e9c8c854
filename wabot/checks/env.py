"""The settings: every one of them, and the `.env` file. No network, nothing opened."""

import re
from pathlib import Path

from wabot.checks.model import Check, Outcome, Severity, bad, good
from wabot.config import REQUIRED_TO_SERVE, Examination
from wabot.config.examination import Origin, Reading
from wabot.domain.counted import counted

_OTHERS = 0o077
_SHORTEST_WORD = 8


class OneSetting:
    """A setting with the examination that it is part of."""

    def __init__(self, found: Examination, name: str) -> None:
        self.reading: Reading = found.readings[name]
        self._file = found.file.resolve()
        self._source = found.readings["WABOT_SETTINGS_FROM"].text

    @property
    def place(self) -> str:
        """Return where exactly it is to be set or corrected."""
        name = self.reading.setting.name
        if self.reading.origin is Origin.SOURCE:
            return f"{name} in {self._source}"
        if self.reading.origin is Origin.ENVIRONMENT:
            return f"{name} in the environment"
        line = line_of(name, self._file)
        return f"{name} in {self._file}" + (f", line {line}" if line else "")


def line_of(name: str, file: Path) -> int:
    """Return the line that sets the name last, as it counts; 0 when none does."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    pattern = re.compile(rf"\s*(export\s+)?{re.escape(name)}\s*=")
    return max((number for number, line in enumerate(lines, 1) if pattern.match(line)), default=0)


async def _file(found: Examination) -> Outcome:
    path = found.file.resolve()
    if found.unreadable:
        return bad(found.unreadable, f"make {path} a UTF-8 text file that this user may read")
    if not found.file.is_file():
        return good(f"there is no {path}: the environment alone is read")
    if found.broken:
        lines = ", ".join(map(str, found.broken))
        return bad("; ".join(found.broken_lines), f"write NAME=value in {path}, line {lines}")
    mode = path.stat().st_mode
    if mode & _OTHERS:
        return bad(f"{path} holds secrets and has mode {mode & 0o777:04o}", f"chmod 600 {path}")
    return good(f"{path}, mode {mode & 0o777:04o}")


async def _source(found: Examination) -> Outcome:
    address = found.readings["WABOT_SETTINGS_FROM"].text
    if not address:
        return good("the environment and .env are all there is")
    if found.away:
        return bad(*found.away)
    kept = [r.setting.name for r in found.readings.values() if r.origin is Origin.SOURCE]
    return good(f"{len(kept)} settings come from {address}")


async def _value(one: OneSetting) -> Outcome:
    reading = one.reading
    if reading.problem:
        how = f" — {reading.setting.obtain}" if reading.setting.obtain else ""
        return bad(f"{reading.setting.name} {reading.problem}", f"correct {one.place}{how}")
    if not reading.text:
        return good(f"{reading.setting.default or 'empty'} (default)")
    shown = "set" if reading.setting.secret else reading.text
    return good(f"{shown} ({reading.origin})")


async def _given(one: OneSetting) -> Outcome:
    reading = one.reading
    if reading.problem or not reading.empty:
        return good(f"{reading.setting.name} is set")
    return bad(f"{reading.setting.name} is not set", f"set {one.place} — {reading.setting.obtain}")


async def _together(found: Examination) -> Outcome:
    if not found.contradictions:
        return good()
    return bad("; ".join(found.contradictions), f"change one of them in {found.file.resolve()}")


async def _names(found: Examination) -> Outcome:
    if not found.strays:
        return good()
    path = found.file.resolve()
    places = []
    for stray in found.strays:
        line = line_of(stray.name, path)
        where = f"{path}, line {line}" if line else "the environment"
        does = f"rename {stray.name} to {stray.meant}" if stray.meant else f"remove {stray.name}"
        places.append(f"{does} in {where}")
    return bad(" ".join(map(str, found.strays)), "; ".join(places))


async def _keys(found: Examination) -> Outcome:
    """Look at what a parser cannot refuse: secrets that were cut, or that anybody guesses."""
    doubts = []
    for name in ("WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN", "WABOT_MASTER_KEY"):
        reading = found.readings[name]
        if reading.problem or reading.empty:
            continue
        doubt = _doubt(name, reading)
        if doubt:
            doubts.append((doubt, OneSetting(found, name).place))
    if doubts:
        return bad(
            "; ".join(doubt for doubt, _ in doubts),
            "; ".join(f"correct {place}" for _, place in doubts),
        )
    keys = len(found.readings["WABOT_MASTER_KEY"].value or ())
    return good(counted(keys, "master key") if keys else "")


def _doubt(name: str, reading: Reading) -> str:
    if name == "WHATSAPP_APP_SECRET":
        cut = any(re.fullmatch(r"[0-9a-f]{32}", secret) is None for secret in reading.value)
        return f"{name} is not 32 hexadecimal digits, as Meta's secrets are" if cut else ""
    if name == "WHATSAPP_VERIFY_TOKEN":
        short = len(reading.value) < _SHORTEST_WORD
        return f"{name} is shorter than {_SHORTEST_WORD} characters" if short else ""
    weak = any(len(set(key)) == 1 for key in reading.value)
    return f"{name} is one byte repeated, which anybody guesses" if weak else ""


ENV = (
    Check("env.file", "the .env file is this user's alone", _file, severity=Severity.WARNING),
    Check("env.source", "settings that are kept elsewhere are read", _source),
    Check("env.together", "settings agree with each other", _together),
    Check("env.names", "no name is a slip", _names, severity=Severity.WARNING),
    Check("env.keys", "secrets look whole", _keys, severity=Severity.WARNING),
)
SETTING = (Check("env.setting", "settings can be read", _value),)
REQUIRED = (Check("env.required", "what serving needs is set", _given),)
NEEDED = REQUIRED_TO_SERVE
