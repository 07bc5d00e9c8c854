"""Run the central migrations: a transaction each, bounded waits, one runner at a time.

`wabot db upgrade` hands over its connection and holds the turn already; the `alembic` command
gets both here.
"""

from alembic import context
from sqlalchemy import Connection

from wabot.models.alerting import metadata  # its tables are the last to join
from wabot.models.naming import CENTRAL_SCHEMA


def main() -> None:
    """Run with the connection handed over, else with one of our own."""
    if context.is_offline_mode():
        raise SystemExit("The central migrations need a database: --sql is not supported.")
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return

    from wabot.config import load_settings
    from wabot.container import open_central
    from wabot.repositories.central_turn import migration_engine, upgrade_turn

    with open_central(load_settings()) as urls:
        engine = migration_engine(urls.owner_url)
        with upgrade_turn(engine), engine.connect() as connection:
            migrate(connection)


def migrate(connection: Connection) -> None:
    """Run what Alembic was asked to run: upgrade, check, revision."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=CENTRAL_SCHEMA,
        include_schemas=True,
        include_name=lambda name, kind, _parents: kind != "schema" or name == CENTRAL_SCHEMA,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


main()
