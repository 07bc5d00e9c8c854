"""Columns that many tables have."""

from sqlalchemy import Column, DateTime, func


def moment(name: str, *, nullable: bool = False, default_now: bool = False) -> Column[object]:
    """Return a column for a point in time, with its zone."""
    default = func.now() if default_now else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)
