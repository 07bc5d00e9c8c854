"""The tables of one tenant, under a sentinel schema and prefix that each placement replaces.

Nothing here refers to anything outside the tenant, so a tenant can move to another server.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
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

from wabot.models.columns import BUSY, moment
from wabot.models.naming import NAMING_CONVENTION, TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant_usage import add_usage_tables

metadata = MetaData(schema=TENANT_SCHEMA_MARK, naming_convention=NAMING_CONVENTION)

_NEW_ID = text("gen_random_uuid()")


def _name(table: str) -> str:
    return TENANT_PREFIX_MARK + table


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True, server_default=_NEW_ID)


def _reference(
    column: str, table: str, *, nullable: bool = False, on_delete: str | None = None
) -> Column[object]:
    target = f"{TENANT_SCHEMA_MARK}.{_name(table)}.id"
    return Column(column, Uuid, ForeignKey(target, ondelete=on_delete), nullable=nullable)


customers = Table(
    _name("customers"),
    metadata,
    _id(),
    # A customer is known by phone (wa_id), by user id (BSUID), or by both.
    Column("wa_id", Text, nullable=True, unique=True),
    Column("user_id", Text, nullable=True, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("phone_number", Text, nullable=False, server_default=""),
    moment("first_contact_at"),
    # Their last message by Meta's clock, and the shop's number that got it: for 24 hours that
    # number may write freely to them.
    moment("last_message_at", nullable=True),
    Column("last_message_to", Text, nullable=False, server_default=""),
    moment("created_at", default_now=True),
    CheckConstraint("wa_id is not null or user_id is not null", name="known_by"),
    postgresql_with=BUSY,
)

customer_addresses = Table(
    _name("customer_addresses"),
    metadata,
    _id(),
    _reference("customer_id", "customers", on_delete="CASCADE"),
    Column("address", Text, nullable=False),
    Column("latitude", Double, nullable=True),
    Column("longitude", Double, nullable=True),
    Column("is_primary", Boolean, nullable=False, server_default=text("false")),
    moment("created_at", default_now=True),
    Index(None, "customer_id"),
    Index(
        TENANT_PREFIX_MARK + "customer_addresses_primary_key",
        "customer_id",
        unique=True,
        postgresql_where=text("is_primary"),
    ),
)

products = Table(
    _name("products"),
    metadata,
    _id(),
    Column("sku", Text, nullable=True, unique=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    # Price per unit; stock and quantities count steps of the unit.
    Column("price", Numeric(12, 2), nullable=False),
    Column("unit", Text, nullable=False, server_default="pieza"),
    Column("step", Numeric(8, 3), nullable=False, server_default="1"),
    Column("category", Text, nullable=False, server_default=""),
    Column("aliases", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("stock", Integer, nullable=False, server_default="0"),
    # What one piece of something sold by weight weighs, about: «3 jitomates».
    Column("piece_grams", Integer, nullable=True),
    moment("created_at", default_now=True),
    CheckConstraint("price >= 0", name="price"),
    CheckConstraint("stock >= 0", name="stock"),
    CheckConstraint("piece_grams > 0", name="piece_grams"),
    CheckConstraint("step > 0", name="step"),
    Index(None, "position", "name", postgresql_where=text("is_active")),
    postgresql_with=BUSY,
)

order_status = Table(
    _name("order_status"),
    metadata,
    Column("code", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("is_final", Boolean, nullable=False, server_default=text("false")),
)

orders = Table(
    _name("orders"),
    metadata,
    _id(),
    Column("number", BigInteger, Identity(always=True, start=101), nullable=False, unique=True),
    Column(
        "order_code",
        Text,
        Computed("'P-' || number::text", persisted=True),
        nullable=False,
        unique=True,
    ),
    _reference("customer_id", "customers"),
    _reference("address_id", "customer_addresses", nullable=True, on_delete="SET NULL"),
    Column("delivery", Text, nullable=False, server_default="delivery"),
    # As it was when ordered: a saved address may change or go.
    Column("delivery_address", Text, nullable=False, server_default=""),
    Column("total", Numeric(12, 2), nullable=False),
    Column(
        "status",
        Text,
        ForeignKey(f"{TENANT_SCHEMA_MARK}.{_name('order_status')}.code"),
        nullable=False,
    ),
    # The event that made it: the same event never makes a second order.
    Column("source", Text, nullable=False, unique=True),
    # Who was not told of it and why; empty once everybody was.
    Column("delivery_problem", Text, nullable=False, server_default=""),
    moment("created_at", default_now=True),
    Index(None, "customer_id", "created_at"),
    Index(None, "created_at"),
    postgresql_with=BUSY,
)

order_items = Table(
    _name("order_items"),
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _reference("order_id", "orders", on_delete="CASCADE"),
    _reference("product_id", "products", nullable=True, on_delete="SET NULL"),
    Column("name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("step", Numeric(8, 3), nullable=False),
    Column("unit", Text, nullable=False),
    Column("unit_price", Numeric(12, 2), nullable=False),
    Column("total", Numeric(12, 2), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    CheckConstraint("quantity > 0", name="quantity"),
    Index(None, "order_id"),
    postgresql_with=BUSY,
)

order_history = Table(
    _name("order_history"),
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _reference("order_id", "orders", on_delete="CASCADE"),
    Column(
        "status",
        Text,
        ForeignKey(f"{TENANT_SCHEMA_MARK}.{_name('order_status')}.code"),
        nullable=False,
    ),
    Column("changed_by", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    moment("created_at", default_now=True),
    Index(None, "order_id"),
    postgresql_with=BUSY,
)

order_attachments = Table(
    _name("order_attachments"),
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _reference("order_id", "orders", on_delete="CASCADE"),
    Column("media_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("caption", Text, nullable=False, server_default=""),
    moment("created_at", default_now=True),
    Index(None, "order_id"),
)

customer_sessions = Table(
    _name("customer_sessions"),
    metadata,
    _id(),
    Column(
        "customer_id",
        Uuid,
        ForeignKey(f"{TENANT_SCHEMA_MARK}.{_name('customers')}.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("last_step", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    moment("expires_at"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    moment("created_at", default_now=True),
    moment("updated_at", default_now=True),
    postgresql_with=BUSY,
)

# While a row's time has not come, a person has the chat and the bot is silent.
pauses = Table(
    _name("pauses"),
    metadata,
    Column(
        "customer_id",
        Uuid,
        ForeignKey(f"{TENANT_SCHEMA_MARK}.{_name('customers')}.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    moment("until"),
    Column("reason", Text, nullable=False),
    moment("created_at", default_now=True),
)

# Both directions: de-duplication by wamid, outbox and archive in one table.
messages = Table(
    _name("messages"),
    metadata,
    _id(),
    Column(
        "customer_id",
        Uuid,
        ForeignKey(f"{TENANT_SCHEMA_MARK}.{_name('customers')}.id", ondelete="CASCADE"),
        nullable=True,
    ),
    # The conversation whose lease sends it (its contact), whoever the recipient is.
    Column("contact", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("wamid", Text, nullable=True, unique=True),
    # Inbound: its own key. Outbound: the key of the event that caused it.
    Column("event_key", Text, nullable=False),
    Column("audience", Text, nullable=False, server_default="customer"),
    # Sent even when a newer answer has made the others of its time superfluous.
    Column("essential", Boolean, nullable=False, server_default=text("false")),
    Column("recipient", JSONB, nullable=True),
    # What it is for, the values for a template of that purpose, and the order it tells of.
    Column("purpose", Text, nullable=False, server_default="reply"),
    Column("parameters", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    _reference("order_id", "orders", nullable=True, on_delete="SET NULL"),
    Column("kind", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("claimed_by", Text, nullable=True),
    moment("claim_until", nullable=True),
    moment("next_attempt_at", nullable=True),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("resends", SmallInteger, nullable=False, server_default="0"),
    Column("error_code", Integer, nullable=True),
    Column("error", Text, nullable=True),
    Column("pricing", JSONB, nullable=True),
    moment("occurred_at"),
    moment("accepted_at", nullable=True),
    moment("delivered_at", nullable=True),
    moment("created_at", default_now=True),
    # For whoever asks what happened. Inbound: when and with which webhook it came, what was made
    # of it (codes, never words), where the conversation stood. Outbound: the key of its text.
    Column("request_id", Text, nullable=True),
    moment("received_at", nullable=True),
    Column("meaning", Text, nullable=True),
    Column("step_before", Text, nullable=True),
    Column("step_after", Text, nullable=True),
    moment("sent_at", nullable=True),
    moment("read_at", nullable=True),
    CheckConstraint("direction in ('in', 'out')", name="direction"),
    CheckConstraint(
        "status in ('received', 'sending', 'accepted', 'sent', 'delivered', 'read', 'played',"
        " 'failed', 'cancelled')",
        name="status",
    ),
    Index(None, "customer_id", "created_at"),
    Index(
        TENANT_PREFIX_MARK + "messages_order_id_ix",
        "order_id",
        postgresql_where=text("order_id is not null"),
    ),
    Index(
        TENANT_PREFIX_MARK + "messages_unsettled_ix",
        "contact",
        "position",
        postgresql_where=text("status = 'sending'"),
    ),
    Index(
        TENANT_PREFIX_MARK + "messages_event_ix",
        "event_key",
        postgresql_where=text("direction = 'in'"),
        unique=True,
    ),
    postgresql_with=BUSY,
)

# What became of each file that a customer sent. `event_key` is its message's; an order's files
# are those of its attachments' `media_id`.
media = Table(
    _name("media"),
    metadata,
    Column("media_id", Text, primary_key=True),
    Column("event_key", Text, nullable=False, index=True),
    Column("contact", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mime_type", Text, nullable=False, server_default=""),
    Column("size", BigInteger, nullable=False, server_default="0"),
    Column("sha256", Text, nullable=False, server_default=""),
    # Where it is kept, below what WABOT_MEDIA names; empty when it is not.
    Column("location", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    moment("occurred_at"),
    moment("created_at", default_now=True),
    CheckConstraint("status in ('stored', 'refused', 'failed', 'absent')", name="status"),
)

# Central effects (timers, alerts) that a committed turn still owes, keyed on their event.
pending_effects = Table(
    _name("pending_effects"),
    metadata,
    Column("event_key", Text, primary_key=True),
    Column("contact", Text, nullable=False, index=True),
    Column("effects", JSONB, nullable=False),
    moment("created_at", default_now=True),
    postgresql_with=BUSY,
)

# Words of customers that nothing in the catalogue matched, for the owner.
unknown_words = Table(
    _name("unknown_words"),
    metadata,
    Column("words", Text, primary_key=True),
    Column("times", Integer, nullable=False, server_default="1"),
    moment("last_at", default_now=True),
)

settings = Table(
    _name("settings"),
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    moment("updated_at", default_now=True),
)

# One row. Raised with every change of products, stock or settings: servers reload what they hold.
shop_state = Table(
    _name("shop_state"),
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("version", BigInteger, nullable=False, server_default="1"),
    CheckConstraint("id", name="single_row"),
    postgresql_with=BUSY,
)

add_usage_tables(metadata)
