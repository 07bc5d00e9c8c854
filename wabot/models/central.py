"""The central database: clients and the runtime's journal."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from wabot.models.columns import moment
from wabot.models.naming import CENTRAL_SCHEMA, NAMING_CONVENTION

metadata = MetaData(schema=CENTRAL_SCHEMA, naming_convention=NAMING_CONVENTION)


clients = Table(
    "clients",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("phone_number_id", Text, nullable=False, unique=True),
    Column("whatsapp_token", Text, nullable=False),
    Column("db_connection_config", JSONB, nullable=False),
    Column("plan_type", Text, nullable=False),
    moment("created_at", default_now=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False, server_default="active"),
    Column("template", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("waba_id", Text, nullable=False, server_default=""),
    Column("app_id", Text, nullable=False, server_default=""),
    Column("schema_revision", Text, nullable=False, server_default=""),
    # Messages per second that Meta allows the number.
    Column("throughput", Integer, nullable=False, server_default="80"),
    # Of a client that does not simply pay; `suspended_from` is what they come to.
    moment("trial_ends_at", nullable=True),
    moment("grace_ends_at", nullable=True),
    moment("suspends_at", nullable=True),
    Column(
        "suspended_from",
        DateTime(timezone=True),
        Computed("least(suspends_at, coalesce(grace_ends_at, trial_ends_at))", persisted=True),
        nullable=True,
    ),
    moment("token_changed_at", nullable=True),
    # What Meta last said of the token, and when: asked but without an end, it never ends.
    moment("token_expires_at", nullable=True),
    moment("token_checked_at", nullable=True),
    # Taken from `registry` by every change, so that running servers reload what changed.
    Column("version", BigInteger, nullable=False, server_default="0", index=True),
    moment("updated_at", default_now=True),
    Index(
        "clients_unpaid_ix", "suspended_from", postgresql_where=text("suspended_from is not null")
    ),
    Index("clients_account_ix", "waba_id", postgresql_where=text("waba_id <> ''")),
)

# What a client gets instead of its plan's; of several of an item that hold, the last one counts.
plan_overrides = Table(
    "plan_overrides",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    # A limit's code, or a feature's with 1 for yes and 0 for no.
    Column("item", Text, nullable=False),
    Column("value", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    moment("starts_at"),
    moment("ends_at", nullable=True),
    Column("actor", Text, nullable=False),
    moment("created_at", default_now=True),
    CheckConstraint("value >= 0", name="value"),
    CheckConstraint("reason <> ''", name="reason"),
    CheckConstraint("ends_at > starts_at", name="period"),
    Index(None, "client_id"),
)

# What the operator asks for a plan a month, in each currency; nothing is charged by it.
plan_prices = Table(
    "plan_prices",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("price", Numeric(12, 2), nullable=False),
    moment("updated_at", default_now=True),
    CheckConstraint("price >= 0", name="price"),
)

# The token before a client's present one, until the present one has sent something.
previous_tokens = Table(
    "previous_tokens",
    metadata,
    Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    Column("whatsapp_token", Text, nullable=False),
    moment("kept_until"),
)

# Clients whose sending stands still, for a cause that no message of theirs would get past.
sending_pauses = Table(
    "sending_pauses",
    metadata,
    Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    moment("since", default_now=True),
    # What Graph last said, and its code where it named one.
    Column("reason", Text, nullable=False),
    Column("code", Integer, nullable=True),
    # Now and then one message is tried.
    Column("probes", Integer, nullable=False, server_default="0"),
    moment("next_probe_at"),
)

# One row. Each change of a client locks it, so versions become visible in the order given.
registry = Table(
    "registry",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("version", BigInteger, nullable=False, server_default="0"),
    # The oldest revision of these tables whose servers may serve on them.
    Column("serves_from", Text, nullable=False, server_default=""),
    CheckConstraint("id", name="single_row"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("phone_number_id", Text, nullable=False),
    # wamid, status key, timer key …: what makes a second delivery recognisable.
    Column("dedup_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # NULL while no client has this phone_number_id.
    Column("client_id", Uuid, nullable=True),
    Column("contact", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("request_id", Text, nullable=False, server_default=""),
    # The Meta app that signed it: it never reaches a client that is bound to another.
    Column("app_id", Text, nullable=False, server_default=""),
    moment("occurred_at"),
    moment("received_at", default_now=True),
    moment("due_at", default_now=True),
    # Free text not yet claimed: it waits for further fragments.
    Column("quiet", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=True),
    moment("done_at", nullable=True),
    CheckConstraint("state in ('waiting', 'done', 'failed', 'unrouted')", name="state"),
    Index(None, "phone_number_id", "dedup_key", unique=True),
    Index(
        "inbox_conversation_ix",
        "client_id",
        "contact",
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("inbox_done_ix", "done_at", postgresql_where=text("state = 'done'")),
    Index("inbox_unrouted_ix", "phone_number_id", postgresql_where=text("state = 'unrouted'")),
    Index("inbox_received_ix", "received_at", postgresql_where=text("state = 'waiting'")),
    # What Meta tells of accounts and numbers: few rows among many.
    Index("inbox_account_ix", "id", postgresql_where=text("kind = 'account'")),
)

# The lease of each conversation; lease times are the database's clock.
conversations = Table(
    "conversations",
    metadata,
    Column("client_id", Uuid, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("owner", Text, nullable=True),
    moment("lease_until", nullable=True),
    # When the next waiting event is to be handled; NULL when nothing waits.
    moment("due_at", nullable=True),
    Index("conversations_due_ix", "due_at", postgresql_where=text("due_at is not null")),
)

# Events due later, by business time; one of a kind per conversation.
timers = Table(
    "timers",
    metadata,
    Column("client_id", Uuid, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    moment("due_at"),
    # The event that set it: a timer set again by the same event is the same timer.
    Column("set_by", Text, nullable=False),
    Index(None, "due_at"),
)

# Files of customers that are still to be fetched from Meta, by any process; gone once they are.
media = Table(
    "media",
    metadata,
    Column("phone_number_id", Text, primary_key=True),
    Column("media_id", Text, primary_key=True),
    # The message that brought it.
    Column("event_key", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("app_id", Text, nullable=False, server_default=""),
    moment("occurred_at"),
    moment("received_at", default_now=True),
    moment("due_at", default_now=True),
    Column("owner", Text, nullable=True),
    moment("lease_until", nullable=True),
    # Tries that failed for good reasons; waiting for Graph or a database is none.
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=True),
    Index(None, "due_at"),
)

# When statuses of a number last arrived: without them an unknown outcome waits longer.
numbers = Table(
    "numbers",
    metadata,
    Column("phone_number_id", Text, primary_key=True),
    moment("last_status_at"),
)

usage = Table(
    "usage",
    metadata,
    Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    Column("month", Text, primary_key=True),
    Column("messages", Integer, nullable=False, server_default="0"),
    Column("orders", Integer, nullable=False, server_default="0"),
    Column("cost", Numeric(14, 6), nullable=False, server_default="0"),
    Column("currency", Text, nullable=False, server_default=""),
    # Of the messages that Meta does not bill.
    Column("allowance_left", Integer, nullable=True),
    # Messages without a known price: recipients, category, kind, how many.
    Column("unpriced", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # Messages of each day.
    Column("days", ARRAY(Integer), nullable=False, server_default=text("'{}'::integer[]")),
    moment("updated_at", default_now=True),
)

# Shops that the roll-up could not read when it last tried.
usage_waiting = Table(
    "usage_waiting",
    metadata,
    Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", Text, nullable=False),
    moment("since", default_now=True),
)

# One row: until when what was done is rolled up, and until when a process is at it.
usage_refresh = Table(
    "usage_refresh",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    moment("done_until", default_now=True),
    moment("taken_until", default_now=True),
    CheckConstraint("id", name="single_row"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    moment("at", default_now=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("client_id", Uuid, nullable=True, index=True),
    Column("slug", Text, nullable=True),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # The same fact raises one alert: the key names rule, client and object.
    Column("key", Text, nullable=False, unique=True),
    Column("rule", Text, nullable=False),
    Column("client_id", Uuid, nullable=True, index=True),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("occurrences", Integer, nullable=False, server_default="1"),
    moment("first_at", default_now=True),
    moment("last_at", default_now=True),
    moment("resolved_at", nullable=True),
    Index("alerts_open_ix", "rule", postgresql_where=text("resolved_at is null")),
    Index("alerts_resolved_ix", "resolved_at", postgresql_where=text("resolved_at is not null")),
)

# A client's last backup, wherever it was put; an export of one client is none.
backups = Table(
    "backups",
    metadata,
    Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    # The moment whose rows it holds.
    moment("at"),
    Column("address", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
)

# Checks that repeat beside the servers: a group's, of one machine or one shop. Whoever moves
# `next_at` on makes them; what failed the last time stands in `problems`.
checks = Table(
    "checks",
    metadata,
    Column("key", Text, primary_key=True),
    Column(
        "client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), nullable=True, index=True
    ),
    moment("next_at"),
    moment("claimed_at", nullable=True),
    Column("problems", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Index("checks_due_ix", "next_at", postgresql_where=text("client_id is not null")),
)
