"""Where tenants' databases are and how their owner reaches them."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine

from wabot.domain.counted import counted
from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.tenant import Placement
from wabot.errors import ConfigurationError, DatabaseUnavailable, InvalidInput
from wabot.repositories.conninfo import connect, describe, parameters_of
from wabot.repositories.engines import open_engine
from wabot.repositories.provisioning.failures import named_failures

LIMITS = (
    "SELECT set_config('lock_timeout', '3s', true), set_config('statement_timeout', '60s', true)"
)

_SLUGS = """
SELECT coalesce(c.slug, given.id::text || ' of another installation')
FROM unnest(%s::uuid[]) AS given(id) LEFT JOIN wabot.clients c ON c.id = given.id ORDER BY 1
"""

_LONGEST_NAME = 63


def split_database_url(url: str) -> tuple[str, str]:
    """Return the server's parameters and the database; a password in the URL is refused."""
    try:
        parameters = parameters_of(url)
    except ConfigurationError as error:
        # Not a setting but an option.
        raise InvalidInput(
            "--database-url is not one that PostgreSQL's libpq understands",
            hint="For example: postgresql://admin@db2.example/lupita, special characters"
            " percent-encoded (@ as %40, / as %2F, # as %23, ? as %3F).",
        ) from error
    if "password" in parameters:
        raise InvalidInput(
            "the database URL holds a password, which every user of this machine could read",
            hint="Leave it out of the URL and give it by WABOT_DATABASE_PASSWORD,"
            " --database-password-file or at the prompt.",
        )
    database = parameters.pop("dbname", "")
    if not parameters:
        raise InvalidInput(
            "the database URL names no server",
            hint="For example: postgresql://admin@db2.example/lupita; leave --database-url out"
            " for a database on the central server.",
        )
    length = len(database.encode())
    if length > _LONGEST_NAME:
        raise InvalidInput(
            f"the database's name has {counted(length, 'byte')}; PostgreSQL would cut it to"
            f" {_LONGEST_NAME}",
            hint="Give it a shorter name in --database-url.",
        )
    return make_conninfo("", **parameters), database


class Servers:
    """The servers of one installation; `decrypt` opens a ciphertext of a client and purpose."""

    def __init__(self, central_url: str, decrypt: Callable[[UUID, str, str], str]) -> None:
        self._central_url = central_url
        self._decrypt = decrypt

    def owner_url(self, client_id: UUID, placement: Placement, *, database: str = "") -> str:
        """Return the way to the placement's database, or to another one of its server."""
        if not placement.server:
            parameters: dict[str, Any] = parameters_of(self._central_url)
        else:
            parameters = parameters_of(placement.server)
            if placement.owner_secret:
                parameters["password"] = self.password(client_id, placement.owner_secret)
        wanted = database or placement.database
        return make_conninfo("", **parameters | ({"dbname": wanted} if wanted else {}))

    def runtime_url(self, client_id: UUID, placement: Placement) -> str:
        """Return the way to a placement on another server as servers take it."""
        parameters = parameters_of(placement.server) | {
            "user": placement.login,
            "dbname": placement.database,
        }
        if placement.runtime_secret:
            parameters["password"] = self.password(client_id, placement.runtime_secret)
        return make_conninfo("", **parameters)

    def password(self, client_id: UUID, ciphertext: str) -> str:
        """Return a password of the client's placement; raises DecryptionFailed."""
        return self._decrypt(client_id, ciphertext, DATABASE_PASSWORD)

    def engine(self, client_id: UUID, placement: Placement) -> Engine:
        """Return an engine to the placement's database; it keeps no connection open."""
        return open_engine(self.owner_url(client_id, placement))

    def slugs(self, client_ids: Collection[UUID]) -> tuple[str, ...]:
        """Return the slugs of clients; one whom the central database does not know by its id."""
        with connect(self._central_url, autocommit=True) as central:
            rows = central.execute(_SLUGS, [list(client_ids)]).fetchall()
        return tuple(str(slug) for (slug,) in rows)

    @contextmanager
    def begin(self, client_id: UUID, placement: Placement) -> Iterator[Connection]:
        """Open a transaction in the placement's database, with bounded waits."""
        url = self.owner_url(client_id, placement)
        with (
            _its_own_server(placement),
            named_failures(describe(url)),
            open_engine(url).begin() as connection,
        ):
            connection.exec_driver_sql(LIMITS)
            yield connection

    @contextmanager
    def connect(self, client_id: UUID, placement: Placement) -> Iterator[psycopg.Connection[Any]]:
        """Connect to the placement's database, in autocommit mode."""
        with (
            _its_own_server(placement),
            connect(self.owner_url(client_id, placement), autocommit=True) as connection,
        ):
            yield connection


@contextmanager
def _its_own_server(placement: Placement) -> Iterator[None]:
    """Point at the server that a shop has to itself: DATABASE_URL does not lead there."""
    try:
        yield
    except DatabaseUnavailable as error:
        if placement.server:
            error.hint = "Check that the shop's own server runs and is reached from here."
        raise
