"""TOML files whose faults are told with their line."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wabot.repositories.provisioning.problems import MISSING, Problems

_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"-]+)\s*=")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file that still knows where its keys stand."""

    path: Path
    values: dict[str, Any]
    _lines: dict[tuple[str, ...], int]

    def line(self, *keys: str | int) -> int:
        """Return the line of the key, or of the nearest table around it.

        A number counts the occurrences of a `[[table]]`, from 0.
        """
        wanted = tuple(str(key) for key in keys)
        while wanted and wanted not in self._lines:
            wanted = wanted[:-1]
        return self._lines.get(wanted, 1)


def read_toml(path: Path, problems: Problems) -> TomlFile | None:
    """Read a file; None, and a problem noted, when it is no TOML."""
    text = read_text(path, problems)
    if text is None:
        return None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        reason = _AT_LINE.sub("", str(error)).strip()
        problems.add(path, line, f"no valid TOML: {reason}")
        return None
    return TomlFile(path, values, _places(text))


def read_text(path: Path, problems: Problems) -> str | None:
    """Read UTF-8 text, byte order mark or not; None, and a problem noted, when it is none."""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig")
    except FileNotFoundError:
        problems.add(path, 0, MISSING)
    except OSError as error:
        problems.add(path, 0, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.add(path, line, "is not UTF-8 text: save it with the encoding UTF-8")
    return None


def _places(text: str) -> dict[tuple[str, ...], int]:
    places: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            if line.lstrip().startswith("[["):
                seen[table] = seen.get(table, -1) + 1
                table = (*table, str(seen[table]))
            places.setdefault(table, number)
        elif key := _KEY.match(line):
            places.setdefault((*table, *_parts(key[1])), number)
    return places


def _parts(dotted: str) -> tuple[str, ...]:
    # A quoted key keeps its dots, as in TOML.
    found = re.findall(r'"([^"]*)"|([^.\s]+)', dotted)
    return tuple(quoted or bare for quoted, bare in found)
