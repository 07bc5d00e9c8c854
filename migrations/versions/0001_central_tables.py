"""Make the central tables.

Revision: 0001
Follows:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone_number_id", sa.Text(), nullable=False),
        sa.Column("whatsapp_token", sa.Text(), nullable=False),
        sa.Column("db_connection_config", JSONB(), nullable=False),
        sa.Column("plan_type", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("waba_id", sa.Text(), server_default="", nullable=False),
        sa.Column("app_id", sa.Text(), server_default="", nullable=False),
        sa.Column("schema_revision", sa.Text(), server_default="", nullable=False),
        sa.Column("throughput", sa.Integer(), server_default="80", nullable=False),
        sa.Column("token_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="clients_pkey"),
        sa.UniqueConstraint("phone_number_id", name="clients_phone_number_id_key"),
        sa.UniqueConstraint("slug", name="clients_slug_key"),
        schema="wabot",
    )
    op.create_index("clients_version_ix", "clients", ["version"], schema="wabot")
    op.create_table(
        "previous_tokens",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("whatsapp_token", sa.Text(), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["wabot.clients.id"],
            name="previous_tokens_client_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", name="previous_tokens_pkey"),
        schema="wabot",
    )
    op.create_table(
        "sending_pauses",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("probes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["wabot.clients.id"],
            name="sending_pauses_client_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", name="sending_pauses_pkey"),
        schema="wabot",
    )
    op.create_table(
        "registry",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id", name=op.f("registry_single_row_check")),
        sa.PrimaryKeyConstraint("id", name="registry_pkey"),
        schema="wabot",
    )
    op.execute("insert into wabot.registry default values")
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("phone_number_id", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("app_id", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("quiet", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'done', 'failed', 'unrouted')", name=op.f("inbox_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name="inbox_pkey"),
        schema="wabot",
    )
    op.create_index(
        "inbox_conversation_ix",
        "inbox",
        ["client_id", "contact"],
        schema="wabot",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "inbox_done_ix",
        "inbox",
        ["done_at"],
        schema="wabot",
        postgresql_where=sa.text("state = 'done'"),
    )
    op.create_index(
        "inbox_phone_number_id_dedup_key_ix",
        "inbox",
        ["phone_number_id", "dedup_key"],
        unique=True,
        schema="wabot",
    )
    op.create_index(
        "inbox_received_ix",
        "inbox",
        ["received_at"],
        schema="wabot",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "inbox_unrouted_ix",
        "inbox",
        ["phone_number_id"],
        schema="wabot",
        postgresql_where=sa.text("state = 'unrouted'"),
    )
    op.create_table(
        "conversations",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "contact", name="conversations_pkey"),
        schema="wabot",
    )
    op.create_index(
        "conversations_due_ix",
        "conversations",
        ["due_at"],
        schema="wabot",
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_table(
        "timers",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "contact", "kind", name="timers_pkey"),
        schema="wabot",
    )
    op.create_index("timers_due_at_ix", "timers", ["due_at"], schema="wabot")
    op.create_table(
        "media",
        sa.Column("phone_number_id", sa.Text(), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("phone_number_id", "media_id", name="media_pkey"),
        schema="wabot",
    )
    op.create_index("media_due_at_ix", "media", ["due_at"], schema="wabot")
    op.create_table(
        "numbers",
        sa.Column("phone_number_id", sa.Text(), nullable=False),
        sa.Column("last_status_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_number_id", name="numbers_pkey"),
        schema="wabot",
    )
    op.create_table(
        "usage",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("orders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=6), server_default="0", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["wabot.clients.id"], name="usage_client_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "month", name="usage_pkey"),
        schema="wabot",
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("details", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_log_pkey"),
        schema="wabot",
    )
    op.create_index("audit_log_client_id_ix", "audit_log", ["client_id"], schema="wabot")
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("occurrences", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "first_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="alerts_pkey"),
        sa.UniqueConstraint("key", name="alerts_key_key"),
        schema="wabot",
    )
    op.create_index("alerts_client_id_ix", "alerts", ["client_id"], schema="wabot")
