"""Find what is due without looking at what is not.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
kind = "expand"


def upgrade() -> None:
    """Apply it."""
    for name, table, column, condition in (
        ("checks_due_ix", "checks", "next_at", "client_id is not null"),
        ("clients_unpaid_ix", "clients", "suspended_from", "suspended_from is not null"),
        ("clients_account_ix", "clients", "waba_id", "waba_id <> ''"),
    ):
        op.create_index(name, table, [column], schema="wabot", postgresql_where=sa.text(condition))
