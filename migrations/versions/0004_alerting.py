"""Keep what was told of alerts, silences, and the facts that raise alerts.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False, default_now: bool = False) -> sa.Column:
    default = sa.text("now()") if default_now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def upgrade() -> None:
    """Apply it."""
    _tell()
    _observe()
    op.create_index(
        "inbox_account_ix",
        "inbox",
        ["id"],
        schema="wabot",
        postgresql_where=sa.text("kind = 'account'"),
    )
    op.create_index(
        "alerts_open_ix",
        "alerts",
        ["rule"],
        schema="wabot",
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(
        "alerts_resolved_ix",
        "alerts",
        ["resolved_at"],
        schema="wabot",
        postgresql_where=sa.text("resolved_at is not null"),
    )


def _tell() -> None:
    op.create_table(
        "alert_channels",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        _moment("claimed_until", nullable=True),
        _moment("next_at", default_now=True),
        _count("failures"),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        _moment("last_told_at", nullable=True),
        _moment("created_at", default_now=True),
        sa.PrimaryKeyConstraint("channel", name="alert_channels_pkey"),
        schema="wabot",
    )
    op.create_table(
        "alert_notices",
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        _moment("told_at"),
        _moment("again_at"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["wabot.alerts.id"],
            name="alert_notices_alert_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("alert_id", "channel", name="alert_notices_pkey"),
        schema="wabot",
    )
    op.create_index(
        "alert_notices_channel_ix",
        "alert_notices",
        ["channel"],
        schema="wabot",
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "alert_silences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _moment("created_at", default_now=True),
        _moment("until"),
        sa.PrimaryKeyConstraint("id", name="alert_silences_pkey"),
        schema="wabot",
    )
    op.create_index("alert_silences_client_id_ix", "alert_silences", ["client_id"], schema="wabot")


def _observe() -> None:
    op.create_table(
        "alert_rounds",
        sa.Column("name", sa.Text(), nullable=False),
        _moment("due_at"),
        sa.Column("memory", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="alert_rounds_pkey"),
        schema="wabot",
    )
    op.create_table(
        "traffic",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        _moment("at"),
        _count("received"),
        _count("accepted"),
        _count("failed"),
        _count("undelivered"),
        _count("orders"),
        sa.PrimaryKeyConstraint("client_id", "at", name="traffic_pkey"),
        schema="wabot",
    )
    op.create_index("traffic_at_ix", "traffic", ["at"], schema="wabot")
    op.create_table(
        "busy_hours",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        _moment("hour"),
        _count("received"),
        sa.PrimaryKeyConstraint("client_id", "hour", name="busy_hours_pkey"),
        schema="wabot",
    )
    op.create_index("busy_hours_hour_ix", "busy_hours", ["hour"], schema="wabot")
    op.create_table(
        "processes",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        _moment("started_at", default_now=True),
        _moment("seen_at", default_now=True),
        _moment("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("owner", name="processes_pkey"),
        schema="wabot",
    )
    op.create_index(
        "processes_host_started_at_ix", "processes", ["host", "started_at"], schema="wabot"
    )
