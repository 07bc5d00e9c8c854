"""Which rows of a file can become tenants: all that is wrong is told, line by line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wabot.services.provisioning.bulk import Result, Row, RowResult
from wabot.services.provisioning.bulk_cells import COLUMNS, RawRow, faults_of, request_of
from wabot.services.provisioning.ports import Templates

# Alone in the namespace: no other row may name the same.
_UNIQUE = ("slug", "phone_number_id")


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that can become tenants, and those that cannot."""

    rows: tuple[Row, ...]
    bad: tuple[RowResult, ...]


def check_rows(
    raw: Sequence[RawRow], templates: Templates, *, defaults: Mapping[str, str], actor: str
) -> Checked:
    """Check every row by itself and against the others; empty cells take the default."""
    shared = _shared(raw)
    rows, bad = [], []
    for given in raw:
        values = {**defaults, **{key: value for key, value in given.values.items() if value}}
        found = [*faults_of(given, values, templates), *shared[given.line]]
        if found:
            reason = "; ".join(_in_order(found, given))
            bad.append(RowResult(given.line, given.values.get("slug", ""), Result.BAD, reason))
        else:
            rows.append(Row(given.line, request_of(values, actor)))
    return Checked(tuple(rows), tuple(bad))


def _in_order(found: Iterable[tuple[str, str]], row: RawRow) -> list[str]:
    """Return the faults as their columns stand in the file, what concerns several of them first."""
    columns = list(dict.fromkeys(["", *row.values, *row.spoilt, *COLUMNS]))
    return [told for _, told in sorted(found, key=lambda fault: columns.index(fault[0]))]


def _shared(raw: Sequence[RawRow]) -> Mapping[int, list[tuple[str, str]]]:
    """Return by line what must be its own and is not: which is meant, nobody knows."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for name in _UNIQUE:
        lines: dict[str, list[int]] = defaultdict(list)
        for row in raw:
            if value := row.values.get(name, ""):
                lines[value].append(row.line)
        for value, named in lines.items():
            if len(named) > 1:
                together = f"{name} {value} stands on the lines {', '.join(map(str, named))}"
                for line in named:
                    found[line].append((name, together))
    return found
