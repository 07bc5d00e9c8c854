"""What a shop's messages are counted by, and what Meta bills for them."""

import sqlalchemy as sa
from alembic import op

revision = "base_0003"
down_revision = "base_0002"
depends_on = None
kind = "expand"


def upgrade() -> None:
    op.create_table(
        "__wbp__usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="__wbp__usage_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__usage_warnings",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("of_limit", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("month", "level", name="__wbp__usage_warnings_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__charges",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "recipients", "category", "kind", "slot", name="__wbp__charges_pkey"
        ),
        schema="tenant",
    )
    op.create_index("__wbp__orders_created_at_ix", "__wbp__orders", ["created_at"], schema="tenant")
