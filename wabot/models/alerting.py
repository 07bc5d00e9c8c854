"""Central tables behind the alerts: what was told of them, and the facts that raise them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from wabot.models.central import alerts, metadata
from wabot.models.columns import moment

# The way to the operator; of several processes the one that claims it tells what is due.
alert_channels = Table(
    "alert_channels",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("owner", Text, nullable=True),
    moment("claimed_until", nullable=True),
    # Not before: after a failure ever later, after a message a little, so that many become one.
    moment("next_at", default_now=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    moment("last_told_at", nullable=True),
    moment("created_at", default_now=True),
)

alert_notices = Table(
    "alert_notices",
    metadata,
    Column(
        "alert_id",
        BigInteger,
        ForeignKey(alerts.c.id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("channel", Text, primary_key=True),
    # As it was told.
    Column("severity", Text, nullable=False),
    moment("told_at"),
    # Not told again before; what is graver than before is.
    moment("again_at"),
    # Whether "resolved" is still owed.
    Column("is_open", Boolean, nullable=False),
    Index(None, "channel", postgresql_where=text("is_open")),
)

# Whatever matches all that is given is recorded and not told.
alert_silences = Table(
    "alert_silences",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("rule", Text, nullable=True),
    Column("key", Text, nullable=True),
    Column("client_id", Uuid, nullable=True, index=True),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    moment("created_at", default_now=True),
    moment("until"),
)

# Rules that are looked at every so often by whichever process comes first.
alert_rounds = Table(
    "alert_rounds",
    metadata,
    Column("name", Text, primary_key=True),
    moment("due_at"),
    # How far it has read.
    Column("memory", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

# What each shop received and sent in ten minutes; kept for a day.
traffic = Table(
    "traffic",
    metadata,
    Column("client_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("received", Integer, nullable=False, server_default="0"),
    Column("accepted", Integer, nullable=False, server_default="0"),
    # Meta did not take it, for no fault of the message.
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("undelivered", Integer, nullable=False, server_default="0"),
    Column("orders", Integer, nullable=False, server_default="0"),
    Index(None, "at"),
)

# What each shop received in an hour, kept for five weeks: what is usual at this time of the week.
busy_hours = Table(
    "busy_hours",
    metadata,
    Column("client_id", Uuid, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("received", Integer, nullable=False, server_default="0"),
    Index(None, "hour"),
)

# Serving processes, by what they say of themselves: one that is silent and did not end died.
processes = Table(
    "processes",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("host", Text, nullable=False),
    moment("started_at", default_now=True),
    moment("seen_at", default_now=True),
    moment("ended_at", nullable=True),
    Index(None, "host", "started_at"),
)
