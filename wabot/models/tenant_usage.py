"""Tables of one tenant that count what it used up and what Meta bills for it."""

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, SmallInteger, Table, Text, func

from wabot.models.columns import BUSY
from wabot.models.naming import TENANT_PREFIX_MARK


def add_usage_tables(metadata: MetaData) -> None:
    """Add the tables to those of a tenant."""
    # Messages that Graph accepted, by the day of the shop's time zone on which it did.
    Table(
        f"{TENANT_PREFIX_MARK}usage",
        metadata,
        Column("day", Date, primary_key=True),
        Column("messages", Integer, nullable=False),
        postgresql_with=BUSY,
    )
    # What the owner was told of a month: that so many percent of that limit are used up.
    Table(
        f"{TENANT_PREFIX_MARK}usage_warnings",
        metadata,
        Column("month", Date, primary_key=True),
        Column("level", SmallInteger, primary_key=True, autoincrement=False),
        Column("of_limit", Integer, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    # Messages that reached somebody, by what Meta's price depends on. Not priced here: a price
    # that becomes known later holds for them as well.
    Table(
        f"{TENANT_PREFIX_MARK}charges",
        metadata,
        Column("day", Date, primary_key=True),
        # How the recipients' numbers begin, or the country of their user ids.
        Column("recipients", Text, primary_key=True),
        Column("category", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        # Several rows for one thing: turns that count at the same time do not wait for each other.
        Column("slot", SmallInteger, primary_key=True, autoincrement=False),
        Column("messages", Integer, nullable=False),
        postgresql_with=BUSY,
    )
