"""Synchronous SQLAlchemy engines, for the command line and the checks."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from wabot.errors import ConfigurationError, DatabaseUnavailable
from wabot.repositories.conninfo import Connection, connect, describe


def open_engine(conninfo: str, *, connections: int = 0) -> Engine:
    """Return an engine for any libpq connection string; SQLAlchemy's own URLs know fewer forms.

    It keeps that many connections, or none: a command with one transaction needs no pool.
    """

    def connected() -> Connection:
        return connect(conninfo)

    if connections:
        return create_engine(
            "postgresql+psycopg://", creator=connected, pool_size=connections, max_overflow=0
        )
    return create_engine("postgresql+psycopg://", creator=connected, poolclass=NullPool)


@contextmanager
def database_errors(conninfo: str) -> Iterator[None]:
    """Name what PostgreSQL refused or dropped inside the block; bugs pass as they are."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as raised:
        error = raised.orig if isinstance(raised, DBAPIError) else raised
        where = describe(conninfo)
        if isinstance(error, (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)):
            raise DatabaseUnavailable(
                f"Gave up waiting in {where}: {_said(error)}",
                hint="Something else holds those tables. Try again in a moment.",
                retryable=True,
            ) from raised
        if isinstance(error, psycopg.errors.UndefinedTable) and '"wabot.' in _said(error):
            raise no_central_tables() from raised
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise ConfigurationError(
                f"The login has not the rights for this in {where}: {_said(error)}",
                hint="DATABASE_URL is to log in as the owner of wabot's tables: an ordinary role"
                " with CREATEROLE that may create schemas in the database, or a superuser.",
            ) from raised
        if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            raise DatabaseUnavailable(
                f"Lost {where}: {_said(error)}",
                hint="Look at the server's log, then try again.",
                retryable=True,
            ) from raised
        raise


def no_central_tables() -> ConfigurationError:
    """Return what is said where nothing was set up yet, or not by this version."""
    return ConfigurationError(
        "the central database has no tables of wabot, or not all of them",
        hint="If nothing is set up yet: wabot init; else: wabot db upgrade",
    )


def _said(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
