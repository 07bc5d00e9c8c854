"""All tables of a tenant, wherever they are placed: read by COPY, written, compared.

Every function takes a psycopg connection to the server and database of the placement, logged in
as the owner of the tables.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.pq import TransactionStatus

from wabot.domain.counted import counted
from wabot.domain.tenant import Placement
from wabot.errors import Refused
from wabot.repositories.engines import database_errors
from wabot.repositories.provisioning.rendering import quoted
from wabot.repositories.provisioning.table_shapes import Connection, TableShape, tables_of

Block = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Position:
    """Where a sequence stands."""

    last: int
    used: bool


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows a table holds and a sum over them that does not depend on their order."""

    rows: int
    checksum: str


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Let all that is read in the block be of one moment; nothing can be changed meanwhile.

    The connection must be outside of a transaction.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise AssertionError("a snapshot begins its own transaction")
    before = connection.isolation_level, connection.read_only
    connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        with connection.transaction():
            # A large table may take longer than what any other statement is given.
            connection.execute("SET LOCAL statement_timeout = 0")
            yield
    finally:
        if not connection.closed:
            connection.isolation_level, connection.read_only = before


@contextmanager
def copy_out(
    connection: Connection, placement: Placement, table: TableShape
) -> Iterator[Iterator[Block]]:
    """Give the table's rows as PostgreSQL's COPY writes them, in its text format.

    A block and no bare iterator: the connection is held until the copy ends, so whoever stops
    reading early must end it before anything else is asked of the connection.
    """
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        _columns(table), _named(placement, table)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield iter(copy)


def copy_in(
    connection: Connection, placement: Placement, table: TableShape, blocks: Iterable[Block]
) -> int:
    """Append what `copy_out` gave to the table of that name; return the number of rows."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_named(placement, table), _columns(table))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in blocks:
                copy.write(block)
        return cursor.rowcount


def positions(connection: Connection, table: TableShape) -> dict[str, Position]:
    """Return where the table's sequences stand, by column.

    Sequences know no snapshots: read within one, they stand at or after its rows.
    """
    found = {}
    for column, sequence in table.sequences.items():
        query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(*sequence))
        row = connection.execute(query).fetchone()
        assert row is not None
        found[column] = Position(*row)
    return found


def set_positions(
    connection: Connection, table: TableShape, wanted: Mapping[str, Position]
) -> None:
    """Set the sequences of the table in this connection's database; `table` is its own shape."""
    for column, position in wanted.items():
        if column in table.sequences:
            connection.execute(
                "SELECT setval(%s::regclass, %s, %s)",
                (".".join(map(quoted, table.sequences[column])), position.last, position.used),
            )


def table_sum(connection: Connection, placement: Placement, table: TableShape) -> TableSum:
    """Count and sum up the rows; equal on any two servers for equal rows, whatever their order."""
    with connection.transaction():
        connection.execute(_PLAIN_WORDS)
        row = connection.execute(
            sql.SQL(
                "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)::numeric), 0)"
                " FROM {}"
            ).format(_columns(table), _named(placement, table))
        ).fetchone()
    assert row is not None
    return TableSum(row[0], str(row[1]))


@contextmanager
def copying(*connections: Connection) -> Iterator[None]:
    """Let what ends one side of a copy end the other; name the server that was lost."""
    # Asked now: a lost connection no longer tells.
    told = [(connection, connection.info.dsn) for connection in connections]
    try:
        yield
    except BaseException as error:
        lost = next((dsn for connection, dsn in told if connection.closed), told[-1][1])
        for connection in connections:
            if connection.info.transaction_status is TransactionStatus.ACTIVE:
                # Broken off between two messages, it would take no ROLLBACK: the server does it.
                connection.close()
        if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            with database_errors(lost):
                raise
        raise


def copy_tables(
    source: Connection,
    source_placement: Placement,
    target: Connection,
    target_placement: Placement,
    *,
    only: Iterable[str] | None = None,
) -> dict[str, TableSum]:
    """Copy a tenant's rows into tables of the same shape that another placement holds, empty.

    Both connections must differ and the source's be within a `snapshot`; the target's transaction
    is the caller's. Returns what was copied, read back from the target and found equal.
    """
    there = {table.name: table for table in tables_of(target, target_placement)}
    wanted = None if only is None else set(only)
    copied = {}
    with copying(source, target):
        for table in tables_of(source, source_placement):
            if wanted is not None and table.name not in wanted:
                continue
            own = require_shape(table, there.get(table.name), target_placement)
            with copy_out(source, source_placement, table) as blocks:
                copy_in(target, target_placement, table, blocks)
            set_positions(target, own, positions(source, table))
            copied[table.name] = require_equal(
                table,
                table_sum(source, source_placement, table),
                table_sum(target, target_placement, table),
            )
    return copied


def require_shape(table: TableShape, own: TableShape | None, placement: Placement) -> TableShape:
    """Return the target's own shape, or refuse to copy into one that lacks something."""
    if own is None:
        raise Refused(
            f"schema {placement.schema} has no table {placement.prefix}{table.name}", hint=_BY_HAND
        )
    lacking = [c.name for c in table.columns if c not in own.columns]
    if lacking:
        raise Refused(
            f"table {placement.prefix}{table.name} of schema {placement.schema} lacks or has"
            f" differently: {', '.join(lacking)}",
            hint=_BY_HAND,
        )
    return own


def require_equal(table: TableShape, there: TableSum, here: TableSum) -> TableSum:
    """Return the sum, or refuse a copy that differs from what was copied."""
    if there != here:
        raise Refused(
            f"the copy of table {table.name} is not what was copied: {counted(there.rows, 'row')}"
            f" there, {here.rows} here, checksums {there.checksum} and {here.checksum}",
            hint="Nothing was changed. Try again; look at the disks and triggers of the server.",
        )
    return here


def _columns(table: TableShape) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


def _named(placement: Placement, table: TableShape) -> sql.Identifier:
    return sql.Identifier(placement.schema, placement.prefix + table.name)


_BY_HAND = (
    "Nothing was changed. What was copied was altered by hand: undo that, or let a template's or"
    " module's revision make it."
)
# Text of values must not depend on what a server or login prefers.
_PLAIN_WORDS = """
SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true),
       set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true)
"""
