"""`rows/TABLE.csv`: what a trade's own tables hold in a new shop."""

import csv
import re
from collections.abc import Collection, Sequence
from io import StringIO
from pathlib import Path

from wabot.domain.counted import counted
from wabot.domain.template import SeedRows
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.toml_file import read_text

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,45}")


def read_seed_rows(
    folder: Path, *, tables: Sequence[str], skus: Collection[str], problems: Problems
) -> tuple[SeedRows, ...]:
    """Read the files of a folder, in the order in which the tables were made.

    A column `sku` names a product and is stored as its `product_id`; an empty cell is no value.
    """
    paths = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    for name in paths.keys() - set(tables):
        known = ", ".join(tables) or "none"
        problems.add(paths[name], 1, f"the template makes no table {name}; its tables: {known}")
    found = (_read(paths[name], skus, problems) for name in tables if name in paths)
    return tuple(rows for rows in found if rows is not None)


def _read(path: Path, skus: Collection[str], problems: Problems) -> SeedRows | None:
    text = read_text(path, problems)
    if text is None:
        return None
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[tuple[str | None, ...]] = []
    try:
        columns = tuple(name.strip() for name in next(reader, []))
        if not columns or len(set(columns)) != len(columns) or not all(
            map(_COLUMN.fullmatch, columns)
        ):  # fmt: skip
            problems.add(path, 1, "the first line must name each column once, like code,label")
            return None
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            cells = tuple(cell.strip() or None for cell in row)
            if len(cells) != len(columns):
                reason = f"{counted(len(cells), 'cell')}, {len(columns)} expected"
                problems.add(path, reader.line_num, reason)
                continue
            sku = dict(zip(columns, cells, strict=True)).get("sku", "")
            if "sku" in columns and sku not in skus:
                problems.add(path, reader.line_num, f"sku {sku or ''!r} is not in catalog.csv")
            rows.append(cells)
    except csv.Error as error:
        problems.add(path, reader.line_num, f"no valid CSV: {error}")
    return SeedRows(path.stem, columns, tuple(rows))
