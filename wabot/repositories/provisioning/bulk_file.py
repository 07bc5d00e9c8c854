"""Tables of tenants to be made, as CSV or TOML."""

import csv
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from wabot.domain.counted import counted
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.toml_file import TomlFile, read_text, read_toml
from wabot.services.provisioning.bulk_cells import RawRow

_DELIMITERS = ",;\t"
# What spreadsheets make of a long number in a narrow or numeric cell.
_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)
_NUMBERS = frozenset({"phone_number_id", "waba_id", "app_id", "owner_phone", "adviser_phone"})
# Written by exports before what a spreadsheet would take for a formula.
_ESCAPED = re.compile(r"'[=+@-]")


def read_rows(path: Path, columns: Sequence[str]) -> tuple[RawRow, ...]:
    """Return the file's rows; InvalidInput tells file, line and reason of what makes it no table.

    What is wrong with a single row stands in the row.
    """
    problems = Problems()
    if path.suffix.lower() == ".toml":
        file = read_toml(path, problems)
        rows = tuple(_toml_rows(file, columns, problems)) if file else ()
    else:
        text = read_text(path, problems)
        rows = tuple(_csv_rows(path, text, columns, problems)) if text is not None else ()
    if not rows and not problems.found:
        problems.add(path, 1, "there are no tenants in it")
    problems.raise_any(path.name)
    return rows


def exposure(path: Path) -> str:
    """Tell who besides its owner may read a file with tokens; empty when nobody may."""
    if os.name != "posix":
        return ""
    mode = path.stat().st_mode
    others = [
        who for bit, who in ((stat.S_IRGRP, "its group"), (stat.S_IROTH, "everybody")) if mode & bit
    ]
    return others[-1] if others else ""


def _csv_rows(
    path: Path, text: str, columns: Sequence[str], problems: Problems
) -> Iterator[RawRow]:
    delimiter, skipped = _delimiter(text)
    lines = text.split("\n", skipped)[-1] if skipped else text
    reader = csv.reader(StringIO(lines, newline=""), delimiter=delimiter, strict=True)
    line = 1 + skipped
    try:
        header = [_column(cell) for cell in next(reader, [])]
        _check_header(path, line, header, columns, problems)
        if problems.found:
            return
        for cells in reader:
            # A quoted cell may hold line breaks: the row begins after the one before it.
            line, began = reader.line_num + skipped, line + 1
            if any(cell.strip() for cell in cells):
                yield _csv_row(began, header, cells)
    except csv.Error as error:
        problems.add(path, reader.line_num + skipped, f"no valid CSV: {error}")


def _delimiter(text: str) -> tuple[str, int]:
    """Return what separates the cells, and how many lines said only that (`sep=;`)."""
    first = text.partition("\n")[0].strip()
    if found := re.fullmatch(r'"?sep=(.)"?', first, re.IGNORECASE):
        return found[1], 1
    return max(_DELIMITERS, key=first.count), 0


def _check_header(
    path: Path, line: int, header: Sequence[str], columns: Sequence[str], problems: Problems
) -> None:
    for name in header:
        if name not in columns:
            problems.add(path, line, _unknown("column", name, columns))
        elif header.count(name) > 1:
            problems.add(path, line, f"the column {name} stands there twice")
    if "slug" not in header and not problems.found:
        problems.add(path, line, f"the first line must name the columns: {', '.join(columns)}")


def _csv_row(line: int, header: Sequence[str], cells: Sequence[str]) -> RawRow:
    values = {name: _cell(value) for name, value in zip(header, cells, strict=False)}
    beyond = [value for value in cells[len(header) :] if value.strip()]
    fault = f"{counted(len(cells), 'cell')}, the first line has {len(header)}" if beyond else ""
    return RawRow(line, values, fault, _rounded(values))


def _toml_rows(file: TomlFile, columns: Sequence[str], problems: Problems) -> Iterator[RawRow]:
    for key in file.values:
        if key not in {"tenant", "defaults"}:
            problems.add(file.path, file.line(key), _unknown("table", key, ("tenant", "defaults")))
    defaults, tenants = file.values.get("defaults", {}), file.values.get("tenant", [])
    if not isinstance(tenants, list) or not isinstance(defaults, dict):
        problems.add(file.path, 1, "tenants are [[tenant]] tables, defaults are one [defaults]")
        return
    for index, table in enumerate(tenants):
        line = file.line("tenant", index)
        if not isinstance(table, dict):
            problems.add(file.path, line, "tenants are [[tenant]] tables")
            continue
        values, spoilt = _toml_values({**defaults, **table}, columns)
        yield RawRow(line, values, spoilt=spoilt)


def _toml_values(
    table: Mapping[str, object], columns: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    values, spoilt = {}, {}
    for key, value in table.items():
        name = _column(key)
        if name not in columns:
            spoilt[name] = _unknown("key", key, columns)
        elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            values[name] = _cell(str(value))
        else:
            spoilt[name] = f"{key} must be a text"
    return values, spoilt


def _column(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().lower())


def _cell(value: str) -> str:
    clean = value.strip()
    return clean[1:] if _ESCAPED.match(clean) else clean


def _rounded(values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: f"{name}: a spreadsheet has rounded the number to {value};"
        " make the column text there and type it again"
        for name, value in values.items()
        if name in _NUMBERS and _SCIENTIFIC.fullmatch(value)
    }


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"unknown {kind} {name!r}; {meant}"
