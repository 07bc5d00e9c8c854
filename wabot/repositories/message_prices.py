"""Meta's prices per message, from a file of comma-separated values: ours, or the operator's own."""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from wabot.domain.cost import Price, PriceTable, refuse_overlaps
from wabot.errors import ConfigurationError

OURS = Path(__file__).with_name("message_prices.csv")
COLUMNS = (
    *("country", "recipients", "categories", "price", "currency"),
    *("valid_from", "valid_before", "source"),
)
_RECIPIENTS = re.compile(r"[1-9][0-9]{0,3}|[A-Z]{2}")
_CATEGORY = re.compile(r"[a-z_]{1,64}")
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_prices(path: Path | None = None) -> PriceTable:
    """Read a file of prices, wabot's own without a path; ConfigurationError names a bad line."""
    path = path or OURS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _table(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"The prices of messages cannot be read from {path}: {reason}",
            hint="Mend the file, or leave WABOT_MESSAGE_PRICES empty for wabot's own prices.",
        ) from error


def _table(rows: "csv.DictReader[str]") -> PriceTable:
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ValueError(f"its first line must be: {','.join(COLUMNS)}")
    prices: list[Price] = []
    currencies: dict[str, int] = {}
    for row in rows:
        line = rows.line_num
        try:
            currencies.setdefault(_matching(_CURRENCY, row, "currency", "a code like USD"), line)
            prices.extend(_prices(row, line))
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    if len(currencies) != 1:
        told = ", ".join(f"{code} on line {line}" for code, line in currencies.items())
        raise ValueError(f"all prices must be in one currency, found {told or 'none'}")
    refuse_overlaps(prices)
    return PriceTable(next(iter(currencies)), tuple(prices))


def _prices(row: Mapping[str, str | None], line: int) -> Iterator[Price]:
    if None in row.values() or None in row:
        raise ValueError(f"it must have {len(COLUMNS)} fields")
    recipients = (row["recipients"] or "").split()
    if not recipients or not all(map(_RECIPIENTS.fullmatch, recipients)):
        raise ValueError("recipients must be calling codes and country letters like 52 MX")
    categories = (row["categories"] or "").split()
    if not categories or not all(map(_CATEGORY.fullmatch, categories)):
        raise ValueError("categories must be words like service utility")
    valid_from = _day(row, "valid_from")
    valid_before = _day(row, "valid_before") if row["valid_before"] else None
    if valid_before is not None and valid_before <= valid_from:
        raise ValueError("valid_before must be after valid_from")
    amount = Decimal(_matching(_PRICE, row, "price", "an amount like 0.0085"))
    for category in categories:
        country = row["country"] or ""
        yield Price(country, tuple(recipients), category, amount, valid_from, valid_before, line)


def _matching(pattern: re.Pattern[str], row: Mapping[str, str | None], key: str, form: str) -> str:
    written = (row.get(key) or "").strip()
    if not pattern.fullmatch(written):
        raise ValueError(f"{key} must be {form}, not {written!r}")
    return written


def _day(row: Mapping[str, str | None], key: str) -> date:
    written = (row[key] or "").strip()
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{key} must be a day like 2026-10-01, not {written!r}") from None
