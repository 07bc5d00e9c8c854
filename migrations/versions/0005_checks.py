"""Keep what checks beside the servers found, and when they are due.

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "checks",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "problems",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["wabot.clients.id"],
            name="checks_client_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name="checks_pkey"),
        schema="wabot",
    )
    op.create_index("checks_client_id_ix", "checks", ["client_id"], schema="wabot")
