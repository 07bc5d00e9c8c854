"""Keep the oldest revision whose servers may go on serving, for machines upgraded one by one.

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
kind = "expand"


def upgrade() -> None:
    """Apply it."""
    op.add_column(
        "registry",
        sa.Column("serves_from", sa.Text(), server_default="", nullable=False),
        schema="wabot",
    )
