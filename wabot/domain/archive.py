"""What an export of a tenant says about itself, so that nothing but the whole of it is taken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wabot.errors import InvalidInput, Refused

FORMAT = "wabot tenant export"
VERSION = 1
_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ArchivedTable:
    """A table as it was exported; `positions` are where its sequences stood, by column."""

    name: str
    columns: tuple[tuple[str, str], ...]
    positions: Mapping[str, tuple[int, bool]]
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The tenant as it was at the moment of its export, without secrets, and its tables."""

    slug: str
    name: str
    plan: str
    template: str
    country: str
    currency: str
    time_zone: str
    revision: str
    active_products: int
    exported_at: datetime
    tables: tuple[ArchivedTable, ...]

    @property
    def rows(self) -> int:
        """Return how many rows all tables hold together."""
        return sum(table.rows for table in self.tables)


def manifest_to_json(manifest: Manifest) -> dict[str, Any]:
    """Return what the archive's last member holds."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "slug": manifest.slug,
        "name": manifest.name,
        "plan": manifest.plan,
        "template": manifest.template,
        "country": manifest.country,
        "currency": manifest.currency,
        "time_zone": manifest.time_zone,
        "revision": manifest.revision,
        "active_products": manifest.active_products,
        "exported_at": manifest.exported_at.isoformat(),
        "tables": [
            {
                "name": table.name,
                "columns": [list(column) for column in table.columns],
                "positions": {key: list(value) for key, value in table.positions.items()},
                "rows": table.rows,
                "size": table.size,
                "sha256": table.sha256,
            }
            for table in manifest.tables
        ],
    }


def manifest_from_json(found: Any) -> Manifest:
    """Read it back; whatever is not as it was written is refused."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise damaged("its manifest is not one of wabot")
    if found.get("version") != VERSION:
        raise Refused(
            f"the export has version {found.get('version')!r} of the format, this wabot reads"
            f" version {VERSION}",
            hint="Import it with the wabot that wrote it, or a later one.",
        )
    try:
        texts = {
            key: _text(found[key])
            for key in (
                "slug", "name", "plan", "template", "country", "currency", "time_zone", "revision",
            )
        }  # fmt: skip
        return Manifest(
            **texts,
            active_products=_whole(found["active_products"]),
            exported_at=datetime.fromisoformat(_text(found["exported_at"])),
            tables=tuple(_table(table) for table in found["tables"]),
        )
    except (KeyError, TypeError, ValueError):
        raise damaged("its manifest is not as wabot writes it") from None


def damaged(reason: str) -> InvalidInput:
    """Return the refusal of a file that is not a whole export."""
    return InvalidInput(
        f"the export cannot be used: {reason}",
        hint="It was cut short or altered. Take another copy, or export the tenant again.",
    )


def only_readable(reader: str) -> InvalidInput:
    """Return the refusal of an export that was never meant to be imported."""
    return InvalidInput(
        f"the export is of a format for {reader}, which is not imported",
        hint="Export the tenant again with --format wabot.",
    )


def _table(found: Any) -> ArchivedTable:
    name, sha256 = _text(found["name"]), _text(found["sha256"])
    if not _TABLE.fullmatch(name) or not _SHA256.fullmatch(sha256):
        raise ValueError(name)
    return ArchivedTable(
        name,
        tuple((_text(column), _text(type_)) for column, type_ in found["columns"]),
        {
            _text(column): (_whole(last), bool(used))
            for column, (last, used) in found["positions"].items()
        },
        _whole(found["rows"]),
        _whole(found["size"]),
        sha256,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value
