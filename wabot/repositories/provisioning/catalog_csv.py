"""A shop's catalogue as people keep it: a table in a CSV file."""

import csv
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from io import StringIO
from pathlib import Path

from wabot.domain.counted import counted
from wabot.domain.money import minor_units
from wabot.domain.quantity import steps_of
from wabot.domain.template import SeedProduct, Template
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.toml_file import read_text

COLUMNS = (
    "sku",
    "name",
    "description",
    "price",
    "unit",
    "step",
    "stock",
    "category",
    "aliases",
)
OPTIONAL_COLUMNS = ("piece_grams",)
_WEIGHTS = ("kg", "g")
_LARGEST = 2_147_483_647


def read_catalog(
    path: Path,
    *,
    units: Collection[str],
    categories: Collection[str],
    currency: str,
    problems: Problems,
) -> tuple[SeedProduct, ...]:
    """Read the products in the file's order; `stock` is written in units and kept in steps."""
    text = read_text(path, problems)
    if text is None:
        return ()
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    products: list[SeedProduct] = []
    try:
        header = tuple(name.strip() for name in next(reader, []))
        if header not in (COLUMNS, COLUMNS + OPTIONAL_COLUMNS):
            problems.add(path, 1, f"the first line must be: {','.join(COLUMNS)}")
            return ()
        parser = _RowParser(header, units, categories, minor_units(currency))
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            try:
                products.append(parser.parse(row))
            except ValueError as error:
                problems.add(path, reader.line_num, str(error))
    except csv.Error as error:
        problems.add(path, reader.line_num, f"no valid CSV: {error}")
    return tuple(products)


def read_catalog_file(path: Path, template: Template, currency: str) -> tuple[SeedProduct, ...]:
    """Read a file for a shop of that kind; InvalidInput names every line that is wrong."""
    problems = Problems()
    found = read_catalog(
        path,
        units=template.units,
        categories=template.categories,
        currency=currency,
        problems=problems,
    )
    if not found and not problems.found:
        problems.add(path, 2, "there are no products in it")
    problems.raise_any(str(path))
    return found


class _RowParser:
    """Parses rows and remembers what must not come twice."""

    def __init__(
        self,
        header: tuple[str, ...],
        units: Collection[str],
        categories: Collection[str],
        decimals: int,
    ) -> None:
        self._header = header
        self._units = units
        self._categories = categories
        self._decimals = decimals
        self._seen: dict[str, set[str]] = {"sku": set(), "name": set()}

    def parse(self, row: list[str]) -> SeedProduct:
        if len(row) != len(self._header):
            raise ValueError(f"{counted(len(row), 'cell')}, {len(self._header)} expected")
        cell = dict(zip(self._header, (value.strip() for value in row), strict=True))
        step = _decimal("step", cell["step"] or "1", 3, lambda value: 0 < value < 100_000)
        return SeedProduct(
            sku=self._unique("sku", _text("sku", cell["sku"], 100)),
            name=self._unique("name", _text("name", cell["name"], 100)),
            description=_text("description", cell["description"], 500, required=False),
            price=_decimal("price", cell["price"], self._decimals, lambda value: value < 10**10),
            unit=_known("unit", cell["unit"], self._units),
            step=step,
            stock=_steps(cell["stock"] or "0", step),
            category=_known("category", cell["category"], self._categories),
            aliases=_aliases(cell["aliases"]),
            piece_grams=_piece_grams(cell.get("piece_grams", ""), cell["unit"]),
        )

    def _unique(self, column: str, value: str) -> str:
        key = value.casefold()
        if key in self._seen[column]:
            raise ValueError(f"{column} {value!r} stands in an earlier line already")
        self._seen[column].add(key)
        return value


def _text(column: str, value: str, longest: int, *, required: bool = True) -> str:
    if required and not value:
        raise ValueError(f"{column} is empty")
    if len(value) > longest:
        raise ValueError(f"{column} has {len(value)} characters, the limit is {longest}")
    if not value.isprintable():
        raise ValueError(f"{column} holds a line break or another control character")
    return value


def _decimal(
    column: str, value: str, decimals: int, in_range: Callable[[Decimal], bool]
) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", value):
        raise ValueError(f"{column} {value!r} is no number like 12 or 12.50")
    if len(value.partition(".")[2]) > decimals:
        raise ValueError(f"{column} {value} has more than {decimals} decimals")
    if not in_range(Decimal(value)):
        raise ValueError(f"{column} {value} is out of range")
    return Decimal(value)


def _steps(value: str, step: Decimal) -> int:
    amount = _decimal("stock", value, 3, lambda value: value / step <= _LARGEST)
    steps = steps_of(amount, step) if amount else 0
    if steps is None:
        raise ValueError(f"stock {value} is no multiple of the step {step}")
    return steps


def _piece_grams(value: str, unit: str) -> int | None:
    if not value:
        return None
    if unit not in _WEIGHTS:
        raise ValueError(f"piece_grams is for what is sold by {' or '.join(_WEIGHTS)}")
    return int(_decimal("piece_grams", value, 0, lambda value: 0 < value <= 100_000))


def _known(column: str, value: str, known: Collection[str]) -> str:
    if value not in known:
        raise ValueError(
            f"{column} {value!r} is not among those of template.toml: {', '.join(known)}"
        )
    return value


def _aliases(value: str) -> tuple[str, ...]:
    names = (_text("alias", name.strip(), 60) for name in value.split("|")) if value else ()
    return tuple(dict.fromkeys(names))
