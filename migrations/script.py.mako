"""${message}

Revision: ${up_revision}
Follows: ${down_revision | comma,n}

This runs while the previous version of wabot is serving. Keep both versions working:
- Add columns as nullable or with a constant default. Fill them in batches, in a later step.
- Add a constraint NOT VALID; validate it in a migration of its own.
- Make an index CONCURRENTLY, alone in its migration: `with op.get_context().autocommit_block():`
  and `postgresql_concurrently=True, if_not_exists=True`.
- Rename or drop nothing that the previous version reads: first stop using it, drop it one
  release later.
- Every statement gives up after 3 s of waiting for a lock and the migration is tried again:
  few statements per migration, the longest first.
- A new table: say in wabot/repositories/central_roles.py what the runtime may do with it.
There is no downgrade: a mistake is corrected by the next migration.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Apply it."""
    ${upgrades if upgrades else "pass"}
