"""One runner of central migrations at a time, with bounded waits."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from wabot.errors import ConfigurationError
from wabot.models.naming import CENTRAL_SCHEMA
from wabot.repositories.engines import open_engine

OLDEST_SERVER = 15


def migration_engine(conninfo: str) -> Engine:
    """Return an engine whose every transaction waits little for locks and never runs for ever."""
    engine = open_engine(conninfo)

    # In each transaction and for it alone: a pooler may give the next one another session.
    @event.listens_for(engine, "begin")
    def bound(connection: Connection) -> None:
        connection.exec_driver_sql("set local lock_timeout = '3s'")
        connection.exec_driver_sql("set local statement_timeout = '10min'")

    return engine


@contextmanager
def upgrade_turn(engine: Engine) -> Iterator[None]:
    """Hold the turn to change the central schema, and see that the schema exists.

    A transaction of its own holds it: a session's lock would get lost behind PgBouncer.
    """
    with engine.connect() as holder, holder.begin():
        holder.exec_driver_sql("set local lock_timeout = '60s'")
        holder.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
        holder.exec_driver_sql(
            "select pg_advisory_xact_lock(hashtextextended('wabot:central:upgrade', 0))"
        )
        with engine.begin() as connection:
            _ensure_schema(connection)
        yield


def _ensure_schema(connection: Connection) -> None:
    found = connection.exec_driver_sql(
        "select current_setting('server_version_num')::int / 10000, to_regnamespace(%s)::text",
        (CENTRAL_SCHEMA,),
    ).one()
    if found[0] < OLDEST_SERVER:
        raise ConfigurationError(
            f"PostgreSQL {OLDEST_SERVER} or newer is needed; the server is PostgreSQL {found[0]}",
            hint="Upgrade it, set DATABASE_URL to another, or leave DATABASE_URL empty for the"
            " embedded one.",
        )
    if not found[1]:
        connection.exec_driver_sql(f"create schema {CENTRAL_SCHEMA}")
