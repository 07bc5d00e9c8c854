"""Databases of the simulation on one server: kept ones, one process at a time, and throwaway ones.

A server claims whatever conversation of its central database is due, so two simulations must
never share one.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from wabot.errors import Refused

KEPT = "wabot_simulation"
_RUN = f"{KEPT}_run_"
_MOST_KEPT = 20
_PREFIX_OF_TENANT_ROLES = "wabot_t_"

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(slots=True)
class Throwaways:
    """Databases of one run; all of them are dropped when it ends."""

    server: "SimulationServer"
    name: str
    _made: int = field(default=0)

    def make(self, template: str = "template0") -> str:
        """Make a database, empty or as a copy, and return its name."""
        self._made += 1
        name = f"{self.name}_{self._made}"
        self.server.create(name, template)
        # Nothing here outlives the run: no commit waits for the disk.
        self.server.execute(
            sql.SQL("alter database {} set synchronous_commit = off").format(sql.Identifier(name))
        )
        return name

    def drop(self, name: str) -> None:
        """Drop one of them before the end."""
        self.server.drop(name)


@dataclass(frozen=True, slots=True)
class SimulationServer:
    """A PostgreSQL server; `url` gives the superuser's way to one of its databases."""

    url: Callable[[str], str]
    connection: Connection

    @contextmanager
    def kept(self, name: str = KEPT) -> Iterator[str]:
        """Hold the first kept database of that name that no other process uses; make it if needed.

        A second process at the same time gets `name_2`, and so on.
        """
        for number in range(1, _MOST_KEPT + 1):
            candidate = name if number == 1 else f"{name}_{number}"
            if self._try_lock(candidate):
                try:
                    if not self._exists(candidate):
                        self.create(candidate)
                    yield candidate
                finally:
                    self._unlock(candidate)
                return
        raise Refused(
            f"{_MOST_KEPT} simulations are running already",
            hint="Leave one of them with /salir.",
        )

    @contextmanager
    def throwaway(self) -> Iterator[Throwaways]:
        """Make databases that are gone when the block ends; also those of runs that were killed."""
        self._drop_leftovers()
        run = Throwaways(self, f"{_RUN}{secrets.token_hex(5)}")
        self._try_lock(run.name)
        try:
            yield run
        finally:
            for name in self._named(f"{run.name}_"):
                self.drop(name)
            self._unlock(run.name)

    def create(self, name: str, template: str = "template0") -> None:
        """Make a database."""
        self.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def drop(self, name: str) -> None:
        """Drop a database, and the tenants' roles that nothing else needs."""
        roles = [
            str(row[0])
            for row in self.connection.execute(
                _ROLES, {"database": name, "like": f"{_PREFIX_OF_TENANT_ROLES}%"}
            )
        ]
        self.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )
        for role in roles:
            # Roles belong to the server: a copy of the database may still have this one.
            with suppress(psycopg.errors.DependentObjectsStillExist):
                self.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))

    def execute(self, statement: sql.Composed) -> None:
        """Run a statement of the server's."""
        self.connection.execute(statement)

    def _exists(self, name: str) -> bool:
        found = self.connection.execute("select 1 from pg_database where datname = %s", [name])
        return found.fetchone() is not None

    def _named(self, prefix: str) -> list[str]:
        rows = self.connection.execute(
            "select datname from pg_database where starts_with(datname, %s)", [prefix]
        )
        return [str(row[0]) for row in rows]

    def _drop_leftovers(self) -> None:
        for run in {name.rpartition("_")[0] for name in self._named(_RUN)}:
            if self._try_lock(run):
                try:
                    for name in self._named(f"{run}_"):
                        self.drop(name)
                finally:
                    self._unlock(run)

    def _try_lock(self, name: str) -> bool:
        row = self.connection.execute(
            "select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]
        ).fetchone()
        return bool(row and row[0])

    def _unlock(self, name: str) -> None:
        self.connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])


_ROLES = """
select distinct r.rolname from pg_shdepend d
join pg_roles r on d.refclassid = 'pg_authid'::regclass and r.oid = d.refobjid
join pg_database b on b.oid = d.dbid
where b.datname = %(database)s and r.rolname like %(like)s
"""


@contextmanager
def open_simulation_server(url: Callable[[str], str]) -> Iterator[SimulationServer]:
    """Use a server for simulations while the block lasts."""
    with psycopg.connect(url("postgres"), autocommit=True, prepare_threshold=None) as connection:
        yield SimulationServer(url, connection)
