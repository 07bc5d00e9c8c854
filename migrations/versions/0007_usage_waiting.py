"""Keep which shops the roll-up of usage could not read, and why, for whichever process is next.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "usage_waiting",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["wabot.clients.id"],
            name="usage_waiting_client_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", name="usage_waiting_pkey"),
        schema="wabot",
    )
