"""${message}"""

# Every tenant runs this while the servers of the previous revision still work: add, never rename
# or drop in the same release; new columns are nullable or have a constant default. Name tables and
# indexes with the mark __wbp__ and the schema "tenant"; SQL only, no data read from the database.

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
