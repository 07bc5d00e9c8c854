"""Write the tenants' migrations as SQL text with the marks of schema and prefix in it.

Nothing is run from here: the text is rendered for each tenant's placement and executed by wabot,
because Alembic itself is not safe to run for several tenants at once.
"""

from alembic import context

from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK

if not context.is_offline_mode():
    raise RuntimeError(
        "tenant migrations are written with --sql and run by wabot, never by Alembic"
    )

# Without target_metadata: names in revisions are taken as they are written.
context.configure(
    dialect_name="postgresql",
    version_table=f"{TENANT_PREFIX_MARK}alembic_version",
    version_table_schema=TENANT_SCHEMA_MARK,
    literal_binds=True,
)
# No begin_transaction(): the text runs inside the transaction of whoever executes it.
context.run_migrations()
