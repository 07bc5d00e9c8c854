"""The tables that every tenant starts with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "base_0001"
down_revision = None
branch_labels = ("base",)
depends_on = None
kind = "expand"

SCHEMA = "tenant"
MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
NEW_ID = sa.text("gen_random_uuid()")


def upgrade() -> None:
    op.create_table(
        "__wbp__customers",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("wa_id", sa.Text()),
        sa.Column("user_id", sa.Text()),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone_number", sa.Text(), server_default="", nullable=False),
        sa.Column("first_contact_at", MOMENT, nullable=False),
        sa.Column("last_message_at", MOMENT),
        sa.Column("last_message_to", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "wa_id is not null or user_id is not null", name="__wbp__customers_known_by_check"
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__customers_pkey"),
        sa.UniqueConstraint("user_id", name="__wbp__customers_user_id_key"),
        sa.UniqueConstraint("wa_id", name="__wbp__customers_wa_id_key"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__order_status",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("is_final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("code", name="__wbp__order_status_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__pending_effects",
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("effects", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("event_key", name="__wbp__pending_effects_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__pending_effects_contact_ix", "__wbp__pending_effects", ["contact"], schema="tenant"
    )
    op.create_table(
        "__wbp__media",
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "status in ('stored', 'refused', 'failed', 'absent')",
            name="__wbp__media_status_check",
        ),
        sa.PrimaryKeyConstraint("media_id", name="__wbp__media_pkey"),
        schema="tenant",
    )
    op.create_index("__wbp__media_event_key_ix", "__wbp__media", ["event_key"], schema="tenant")
    op.create_table(
        "__wbp__products",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("sku", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("unit", sa.Text(), server_default="pieza", nullable=False),
        sa.Column("step", sa.Numeric(precision=8, scale=3), server_default="1", nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "aliases",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("stock", sa.Integer(), server_default="0", nullable=False),
        sa.Column("piece_grams", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint("price >= 0", name="__wbp__products_price_check"),
        sa.CheckConstraint("step > 0", name="__wbp__products_step_check"),
        sa.CheckConstraint("stock >= 0", name="__wbp__products_stock_check"),
        sa.CheckConstraint("piece_grams > 0", name="__wbp__products_piece_grams_check"),
        sa.PrimaryKeyConstraint("id", name="__wbp__products_pkey"),
        sa.UniqueConstraint("sku", name="__wbp__products_sku_key"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__products_position_name_ix",
        "__wbp__products",
        ["position", "name"],
        schema="tenant",
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "__wbp__settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("key", name="__wbp__settings_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__shop_state",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("id", name="__wbp__shop_state_single_row_check"),
        sa.PrimaryKeyConstraint("id", name="__wbp__shop_state_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__unknown_words",
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("words", name="__wbp__unknown_words_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__customer_addresses",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double()),
        sa.Column("longitude", sa.Double()),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["tenant.__wbp__customers.id"],
            name="__wbp__customer_addresses_customer_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__customer_addresses_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__customer_addresses_customer_id_ix",
        "__wbp__customer_addresses",
        ["customer_id"],
        schema="tenant",
    )
    op.create_index(
        "__wbp__customer_addresses_primary_key",
        "__wbp__customer_addresses",
        ["customer_id"],
        unique=True,
        schema="tenant",
        postgresql_where=sa.text("is_primary"),
    )
    op.create_table(
        "__wbp__customer_sessions",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("last_step", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["tenant.__wbp__customers.id"],
            name="__wbp__customer_sessions_customer_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__customer_sessions_pkey"),
        sa.UniqueConstraint("customer_id", name="__wbp__customer_sessions_customer_id_key"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__pauses",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["tenant.__wbp__customers.id"],
            name="__wbp__pauses_customer_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name="__wbp__pauses_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__orders",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True, start=101), nullable=False),
        sa.Column(
            "order_code",
            sa.Text(),
            sa.Computed("'P-' || number::text", persisted=True),
            nullable=False,
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid()),
        sa.Column("delivery", sa.Text(), server_default="delivery", nullable=False),
        sa.Column("delivery_address", sa.Text(), server_default="", nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery_problem", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["tenant.__wbp__customer_addresses.id"],
            name="__wbp__orders_address_id_fkey",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["tenant.__wbp__customers.id"], name="__wbp__orders_customer_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["status"], ["tenant.__wbp__order_status.code"], name="__wbp__orders_status_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__orders_pkey"),
        sa.UniqueConstraint("number", name="__wbp__orders_number_key"),
        sa.UniqueConstraint("order_code", name="__wbp__orders_order_code_key"),
        sa.UniqueConstraint("source", name="__wbp__orders_source_key"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__orders_customer_id_created_at_ix",
        "__wbp__orders",
        ["customer_id", "created_at"],
        schema="tenant",
    )
    op.create_table(
        "__wbp__messages",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("wamid", sa.Text()),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), server_default="customer", nullable=False),
        sa.Column("essential", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recipient", postgresql.JSONB()),
        sa.Column("purpose", sa.Text(), server_default="reply", nullable=False),
        sa.Column(
            "parameters",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claim_until", MOMENT),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("resends", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("error_code", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("pricing", postgresql.JSONB()),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("accepted_at", MOMENT),
        sa.Column("delivered_at", MOMENT),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint("direction in ('in', 'out')", name="__wbp__messages_direction_check"),
        sa.CheckConstraint(
            "status in ('received', 'sending', 'accepted', 'sent', 'delivered', 'read',"
            " 'played', 'failed', 'cancelled')",
            name="__wbp__messages_status_check",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["tenant.__wbp__customers.id"],
            name="__wbp__messages_customer_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["tenant.__wbp__orders.id"],
            name="__wbp__messages_order_id_fkey",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__messages_pkey"),
        sa.UniqueConstraint("wamid", name="__wbp__messages_wamid_key"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__messages_customer_id_created_at_ix",
        "__wbp__messages",
        ["customer_id", "created_at"],
        schema="tenant",
    )
    op.create_index(
        "__wbp__messages_event_ix",
        "__wbp__messages",
        ["event_key"],
        unique=True,
        schema="tenant",
        postgresql_where=sa.text("direction = 'in'"),
    )
    op.create_index(
        "__wbp__messages_order_id_ix",
        "__wbp__messages",
        ["order_id"],
        schema="tenant",
        postgresql_where=sa.text("order_id is not null"),
    )
    op.create_index(
        "__wbp__messages_unsettled_ix",
        "__wbp__messages",
        ["contact", "position"],
        schema="tenant",
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_table(
        "__wbp__order_attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["tenant.__wbp__orders.id"],
            name="__wbp__order_attachments_order_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__order_attachments_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__order_attachments_order_id_ix",
        "__wbp__order_attachments",
        ["order_id"],
        schema="tenant",
    )
    op.create_table(
        "__wbp__order_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["tenant.__wbp__orders.id"],
            name="__wbp__order_history_order_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["status"], ["tenant.__wbp__order_status.code"], name="__wbp__order_history_status_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__order_history_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__order_history_order_id_ix", "__wbp__order_history", ["order_id"], schema="tenant"
    )
    op.create_table(
        "__wbp__order_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("step", sa.Numeric(precision=8, scale=3), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("quantity > 0", name="__wbp__order_items_quantity_check"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["tenant.__wbp__orders.id"],
            name="__wbp__order_items_order_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["tenant.__wbp__products.id"],
            name="__wbp__order_items_product_id_fkey",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__order_items_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__order_items_order_id_ix", "__wbp__order_items", ["order_id"], schema="tenant"
    )
