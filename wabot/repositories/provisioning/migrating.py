"""Tenants' tables brought forward: one transaction each, over a few connections."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from queue import Empty, LifoQueue
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from wabot.domain.counted import counted
from wabot.domain.migration import parse_ledger
from wabot.domain.placement import placement_from_config
from wabot.domain.tenant import Placement, TenantStatus
from wabot.errors import Refused, WabotError
from wabot.repositories.provisioning.failures import named_driver_failures
from wabot.repositories.provisioning.migration_line import VERSION_TABLE
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.tenant_ddl import table_rights
from wabot.services.provisioning.migration_ports import Candidate, Outcome, Result, Standing, Work

Connection = psycopg.Connection[Any]
Connect = Callable[[UUID, Placement], AbstractContextManager[Connection]]

_STANDINGS = """
SELECT schema_revision, count(*), count(*) FILTER (WHERE status = 'active')
FROM wabot.clients WHERE status <> 'provisioning' GROUP BY schema_revision
"""
_CANDIDATES = """
SELECT id, slug, schema_revision, db_connection_config FROM wabot.clients
WHERE status <> 'provisioning' AND schema_revision = ANY(%s)
  AND (%s::text[] IS NULL OR slug = ANY(%s))
ORDER BY slug
"""
_MOVABLE = (TenantStatus.ACTIVE.value, TenantStatus.SUSPENDED.value)
_ANOTHER = "another command works on it"
# Nobody's fault: worth another try.
_TRANSIENT = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)


class _Held(Exception):
    """Somebody else works on the tenant just now."""


def standings_in(connection: Connection) -> Mapping[str, Standing]:
    """Return who stands where, by ledger; the runtime's login is enough."""
    rows = connection.execute(_STANDINGS).fetchall()
    return {ledger: Standing(tenants, active) for ledger, tenants, active in rows}


class PostgresFleet:
    """The tenants of one central database.

    `central` and `connect` open connections as the owner, the second to a tenant's own database.
    """

    def __init__(
        self,
        central: Callable[[], Connection],
        connect: Connect,
        *,
        lock_timeout: float = 2.0,
        statement_timeout: float = 300.0,
    ) -> None:
        self._central = central
        self._connect = connect
        self._begin = (
            "BEGIN;"
            f" SELECT set_config('lock_timeout', '{int(lock_timeout * 1000)}', true),"
            f" set_config('statement_timeout', '{int(statement_timeout * 1000)}', true)"
        )
        self._idle: LifoQueue[Connection] = LifoQueue()

    def close(self) -> None:
        """Close what is idle."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def standings(self) -> Mapping[str, Standing]:
        """Return who stands where, by ledger, in one query."""
        with named_driver_failures(), self._borrowed() as connection:
            return standings_in(connection)

    def candidates(
        self, ledgers: Collection[str], slugs: Collection[str] | None
    ) -> tuple[Candidate, ...]:
        """Return the tenants at these ledgers by slug, all or the named ones."""
        named = None if slugs is None else list(slugs)
        with self._borrowed() as connection:
            rows = connection.execute(_CANDIDATES, (list(ledgers), named, named)).fetchall()
        return tuple(
            Candidate(client_id, slug, ledger, placement_from_config(config))
            for client_id, slug, ledger, config in rows
        )

    def unknown(self, slugs: Collection[str]) -> tuple[str, ...]:
        """Return the slugs that no tenant has."""
        with self._borrowed() as connection:
            rows = connection.execute(
                "SELECT slug FROM unnest(%s::text[]) AS asked (slug)"
                " WHERE NOT EXISTS (SELECT 1 FROM wabot.clients c WHERE c.slug = asked.slug)",
                (list(slugs),),
            ).fetchall()
        return tuple(slug for (slug,) in rows)

    def migrate(
        self, candidate: Candidate, work: Work, *, actor: str, patient: bool = False
    ) -> Outcome:
        """Do the work in one transaction, or nothing of it.

        What another command works on is left to it at once, or, when patient, after a wait.
        """
        began = monotonic()
        result, reason = Result.FAILED, ""
        try:
            with self._borrowed() as central, _transaction(central, self._begin):
                _take_turn(central, candidate.slug, patient=patient)
                result = self._claimed(central, candidate, work, actor)
        except _Held as error:
            result, reason = Result.BUSY, str(error)
        except _TRANSIENT as error:
            result, reason = Result.BUSY, _said(error)
        except psycopg.Error as error:
            # Without a state it is the connection that was lost: another try makes a new one.
            lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
            result, reason = Result.BUSY if lost else Result.FAILED, _said(error)
        except WabotError as error:
            result, reason = Result.FAILED, f"{error.message}. {error.hint}".strip()
        after = work.before if result in {Result.FAILED, Result.BUSY} else work.after
        return Outcome(candidate.slug, result, work.before, after, monotonic() - began, reason)

    def rows(self, candidate: Candidate, tables: Collection[str]) -> Mapping[str, int]:
        """Count the rows of some of a tenant's tables."""
        placement = candidate.placement
        with self._place(candidate) as connection:
            found = {}
            for table in tables:
                name = render(f"tenant.__wbp__{table}", placement)
                count = connection.execute(f"SELECT count(*) FROM {name}".encode())
                found[table] = int(count.fetchone()[0])  # type: ignore[index] # an aggregate
        return found

    @contextmanager
    def _place(self, candidate: Candidate) -> Iterator[Connection]:
        if candidate.placement.database:
            with self._connect(candidate.id, candidate.placement) as own:
                yield own
            return
        with self._borrowed() as central:
            yield central

    def _claimed(self, central: Connection, candidate: Candidate, work: Work, actor: str) -> Result:
        now = _claim(central, candidate)
        if now.schema_revision == work.after:
            return Result.ALREADY
        if now.schema_revision != work.before or now.status not in _MOVABLE:
            raise _Held(
                f"it is at revision {now.schema_revision} and {now.status} meanwhile,"
                f" not at {work.before}"
            )
        placement = placement_from_config(now.db_connection_config)
        if placement.address != candidate.placement.address:
            raise _Held("it was moved meanwhile")
        if placement.database:
            with self._connect(candidate.id, placement) as own, _transaction(own, self._begin):
                _advance(own, placement, work)
        else:
            _advance(central, placement, work)
        _record(central, candidate, work, actor)
        return Result.MIGRATED

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._central()
        try:
            yield connection
        finally:
            if connection.closed or connection.broken:
                connection.close()
            else:
                self._idle.put(connection)


@contextmanager
def _transaction(connection: Connection, begin: str) -> Iterator[None]:
    """Begin with limits and commit at the end; the connection is in autocommit mode.

    By hand: what is run inside are texts of many statements, the first of them with BEGIN.
    """
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.closed:
            with suppress(psycopg.OperationalError):
                connection.execute("ROLLBACK")
        raise


def _take_turn(central: Connection, slug: str, *, patient: bool) -> None:
    """Take the tenant until the transaction ends, as every act on a tenant does."""
    name = "hashtextextended('wabot tenant ' || %s, 0)"
    if patient:
        try:
            central.execute(f"SELECT pg_advisory_xact_lock({name})".encode(), (slug,))
        except psycopg.errors.LockNotAvailable:
            raise _Held(_ANOTHER) from None
    elif central.execute(
        f"SELECT pg_try_advisory_xact_lock({name})".encode(), (slug,)
    ).fetchone() != (True,):
        raise _Held(_ANOTHER)


def _claim(central: Connection, candidate: Candidate) -> Any:
    """Read the tenant's row again, and keep it as it is."""
    with central.cursor(row_factory=namedtuple_row) as cursor:
        row = cursor.execute(
            "SELECT schema_revision, status, db_connection_config FROM wabot.clients"
            " WHERE id = %s AND slug = %s FOR NO KEY UPDATE",
            (candidate.id, candidate.slug),
        ).fetchone()
    if row is None:
        raise Refused("it was deleted or renamed meanwhile")
    return row


def _advance(connection: Connection, placement: Placement, work: Work) -> None:
    """Run the revisions; what the tenant's own version table says decides, before and after."""
    versions = render(f"SELECT version_num FROM {VERSION_TABLE}", placement)
    found = _ledger(connection, versions)
    if found == parse_ledger(work.after):
        # In a database of its own the tables moved on, and the ledger did not hear of it.
        return
    if found != parse_ledger(work.before):
        raise Refused(
            f"its alembic_version holds {', '.join(found) or 'nothing'},"
            f" the ledger says {work.before}",
            hint="See: wabot tenant doctor",
        )
    _refuse_rows(connection, placement, work.must_hold)
    # Without parameters psycopg sends the whole text at once.
    connection.execute(render(work.sql, placement).encode())
    if work.tables:
        # Default rights are those of a schema; with a prefix they are given table by table.
        connection.execute(render(table_rights(work.tables, placement), placement).encode())
    if (reached := _ledger(connection, versions)) != parse_ledger(work.after):
        raise Refused(f"the revisions left it at {', '.join(reached)}, not at {work.after}")


def _refuse_rows(
    connection: Connection, placement: Placement, must_hold: Mapping[str, int]
) -> None:
    for table, wanted in must_hold.items():
        name = render(f"tenant.__wbp__{table}", placement)
        connection.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE".encode())
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchall()
        if rows != wanted:
            held = f"{counted(rows, 'row')}, {wanted} when they were exported" if wanted else "rows"
            raise Refused(f"table {table} holds {held}; nothing was changed")


def _ledger(connection: Connection, versions: str) -> tuple[str, ...]:
    return tuple(sorted(version for (version,) in connection.execute(versions.encode())))


def _record(central: Connection, candidate: Candidate, work: Work, actor: str) -> None:
    central.execute(
        sql.SQL(
            "WITH moved AS (UPDATE wabot.clients SET schema_revision = %(after)s,"
            " updated_at = now() WHERE id = %(id)s)"
            " INSERT INTO wabot.audit_log (actor, action, client_id, slug, details)"
            " VALUES (%(actor)s, %(action)s, %(id)s, %(slug)s, %(details)s)"
        ),
        {
            "after": work.after,
            "id": candidate.id,
            "actor": actor,
            "action": work.action,
            "slug": candidate.slug,
            "details": Jsonb({"before": work.before, "after": work.after}),
        },
    )


def _said(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().split("\n", 1)[0]
