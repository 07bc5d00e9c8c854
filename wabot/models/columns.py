"""Columns that many tables have."""

from typing import Final

from sqlalchemy import Column, DateTime, func

BUSY: Final = {"autovacuum_vacuum_threshold": 500, "autovacuum_analyze_threshold": 500}
"""Storage of a tenant's tables that every message changes.

PostgreSQL's own threshold is 50 rows whatever a table's size: of a thousand small shops some table
is always due, and each time every server process forgets what it knew of that table.
"""


def moment(name: str, *, nullable: bool = False, default_now: bool = False) -> Column[object]:
    """Return a column for a point in time, with its zone."""
    default = func.now() if default_now else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)
