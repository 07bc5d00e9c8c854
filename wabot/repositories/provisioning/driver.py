"""The driver's own connection, for what SQLAlchemy has no words for: COPY."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection


@contextmanager
def driver_of(connection: Connection) -> Iterator[psycopg.Connection[Any]]:
    """Give the driver's connection; the transaction stays the caller's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        yield driver
    except BaseException as error:
        if driver.closed:
            # Else a rollback over the closed connection hides what happened.
            connection.invalidate(error)
        raise
