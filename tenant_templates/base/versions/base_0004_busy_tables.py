"""Tables that every message changes are analyzed and vacuumed less often.

PostgreSQL's own threshold is 50 rows whatever a table's size: of a thousand small shops some table
is always due, and each time every server process forgets what it knew of that table.
"""

from alembic import op

revision = "base_0004"
down_revision = "base_0003"
depends_on = None
kind = "expand"

TABLES = (
    "charges",
    "customer_sessions",
    "customers",
    "messages",
    "order_history",
    "order_items",
    "orders",
    "pending_effects",
    "products",
    "shop_state",
    "usage",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(
            f"ALTER TABLE tenant.__wbp__{table}"
            " SET (autovacuum_vacuum_threshold = 500, autovacuum_analyze_threshold = 500)"
        )
