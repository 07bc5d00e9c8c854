"""Keep what is agreed with a client apart from its plan, its dates, and the plans' prices.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    for date in ("trial_ends_at", "grace_ends_at", "suspends_at"):
        op.add_column(
            "clients", sa.Column(date, sa.DateTime(timezone=True), nullable=True), schema="wabot"
        )
    op.add_column(
        "clients",
        sa.Column(
            "suspended_from",
            sa.DateTime(timezone=True),
            sa.Computed(
                "least(suspends_at, coalesce(grace_ends_at, trial_ends_at))", persisted=True
            ),
            nullable=True,
        ),
        schema="wabot",
    )
    op.create_table(
        "plan_overrides",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("value >= 0", name=op.f("plan_overrides_value_check")),
        sa.CheckConstraint("reason <> ''", name=op.f("plan_overrides_reason_check")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("plan_overrides_period_check")),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["wabot.clients.id"],
            name="plan_overrides_client_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="plan_overrides_pkey"),
        schema="wabot",
    )
    op.create_index("plan_overrides_client_id_ix", "plan_overrides", ["client_id"], schema="wabot")
    op.create_table(
        "plan_prices",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("price >= 0", name=op.f("plan_prices_price_check")),
        sa.PrimaryKeyConstraint("plan", "currency", name="plan_prices_pkey"),
        schema="wabot",
    )
