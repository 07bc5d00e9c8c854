"""What the story of a message needs, kept beside it: the central journal forgets in a day."""

import sqlalchemy as sa
from alembic import op

revision = "base_0002"
down_revision = "base_0001"
depends_on = None
kind = "expand"

MOMENT = sa.DateTime(timezone=True)
COLUMNS = (
    ("request_id", sa.Text()),
    ("received_at", MOMENT),
    ("meaning", sa.Text()),
    ("step_before", sa.Text()),
    ("step_after", sa.Text()),
    ("sent_at", MOMENT),
    ("read_at", MOMENT),
)


def upgrade() -> None:
    for name, kind_of in COLUMNS:
        op.add_column("__wbp__messages", sa.Column(name, kind_of), schema="tenant")
