"""Price of the day."""

import sqlalchemy as sa
from alembic import op

revision = "verduleria_0001"
down_revision = None
branch_labels = None
depends_on = ("base_0001",)
kind = "expand"


def upgrade() -> None:
    # A correction leaves the price that was wrong, no longer valid: what a customer was told
    # in the morning can be looked up in the evening.
    op.create_table(
        "__wbp__daily_prices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("is_valid", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("price > 0", name="__wbp__daily_prices_price_check"),
        sa.CheckConstraint("changed_by <> ''", name="__wbp__daily_prices_changed_by_check"),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["tenant.__wbp__products.id"],
            name="__wbp__daily_prices_product_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__daily_prices_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__daily_prices_valid_key",
        "__wbp__daily_prices",
        ["product_id", "day"],
        unique=True,
        schema="tenant",
        postgresql_where=sa.text("is_valid"),
    )
    op.create_index("__wbp__daily_prices_day_ix", "__wbp__daily_prices", ["day"], schema="tenant")
