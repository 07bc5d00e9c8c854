"""The embedded server as commands use it: started by the first, stopped by the last one out."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

from wabot.errors import ConfigurationError, DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server; its URLs work while its `running()` block lasts."""

    home: Path
    socket: Path
    port: int

    def url(self, database: str, *, user: str = "postgres") -> str:
        """Return the libpq URL of one of its databases."""
        host = quote_from_bytes(os.fsencode(self.socket), safe="")
        return (
            f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}"
            f"?host={host}&port={self.port}"
        )

    def ensure_database(self, name: str) -> None:
        """Make the database unless it exists."""
        import psycopg
        from psycopg import errors, sql

        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                found = connection.execute(
                    "select 1 from pg_database where datname = %s", [name]
                ).fetchone()
                if found is None:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            return  # another command was faster
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL in {self.home} cannot make the database {name}: {error}",
                hint=f"Its log is {self.home / 'postgres' / 'server.log'}.",
            ) from error


class EmbeddedPostgres:
    """PostgreSQL under one WABOT_HOME, for any number of processes at once."""

    def __init__(self, home: Path, *, options: Mapping[str, str] | None = None) -> None:
        """Choose WABOT_HOME; `options` are further server settings (for tests: fsync=off)."""
        if sys.platform == "win32":
            raise ConfigurationError(
                "The embedded PostgreSQL does not run on Windows",
                hint="Set DATABASE_URL to a PostgreSQL server (15 or newer), or use WSL.",
            )
        self._home = home
        self._options = dict(options or {})

    @contextmanager
    def running(self, *, watched: bool = False) -> Iterator[EmbeddedServer]:
        """Keep the server running while the block lasts; call it in a thread from async code.

        A `watched` server that dies meanwhile is started again within seconds.
        """
        from wabot.gateways.embedded_postgres.account import account_for
        from wabot.gateways.embedded_postgres.folders import PORT, Folders, prepare
        from wabot.gateways.embedded_postgres.locks import (
            exclusive,
            open_lock,
            share_lock,
            try_lock,
        )
        from wabot.gateways.embedded_postgres.server import ServerProcess
        from wabot.gateways.embedded_postgres.watch import Watch

        home = self._home.expanduser().resolve()
        account = account_for(home)
        folders = Folders(home)
        prepare(folders, account)
        process = ServerProcess(folders, account, self._options)
        with exclusive(folders.turn, account, timeout=180):
            mine = open_lock(folders.users, account)
            try:
                share_lock(mine)
                socket = process.ensure_running()
            except BaseException:
                os.close(mine)
                raise
        watch = Watch(process, lambda: exclusive(folders.turn, account, timeout=180))
        if watched:
            watch.start()
        try:
            yield EmbeddedServer(home, socket, PORT)
        finally:
            watch.end()
            with exclusive(folders.turn, account, timeout=180):
                # Closed, not unlocked: a forked child keeps its part in the lock.
                os.close(mine)
                last = open_lock(folders.users, account)
                try:
                    if try_lock(last):
                        process.stop()
                finally:
                    os.close(last)
