"""Keep of each month what its messages cost, day by day, and how far the roll-up has come.

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    for column in (
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("allowance_left", sa.Integer(), nullable=True),
        sa.Column("unpriced", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column(
            "days", ARRAY(sa.Integer()), server_default=sa.text("'{}'::integer[]"), nullable=False
        ),
    ):
        op.add_column("usage", column, schema="wabot")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "usage_refresh",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("done_until", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_until", moment, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id", name=op.f("usage_refresh_single_row_check")),
        sa.PrimaryKeyConstraint("id", name="usage_refresh_pkey"),
        schema="wabot",
    )
    op.execute("insert into wabot.usage_refresh default values")
