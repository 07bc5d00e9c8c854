"""Several statements in one message to PostgreSQL.

Values become literals of the text (psycopg's own, escaped by libpq): the simple protocol takes
any number of statements at once. With parameters apart each statement is parsed, bound, described,
executed and waited for on its own, which costs more than the work of most of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import psycopg
from psycopg.adapt import Transformer

from wabot.domain.tenant import Placement
from wabot.repositories.runtime.sql import Statement, TenantStatement

Row = tuple[Any, ...]
Rows = list[Row]
Asked = tuple[TenantStatement, Mapping[str, Any]]

_ENTER = Statement("""
SELECT set_config('role', %(role)s, true), set_config('statement_timeout', '10s', true),
       set_config('lock_timeout', '5s', true), set_config('synchronous_commit', %(lasting)s, true)
""")


class Literals:
    """Makes values literals for one connection."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._as_literal = Transformer(connection).as_literal

    def __call__(self, value: Any) -> str:
        """Return the value as SQL; raises DataError for a NUL, which would cut the message."""
        kind = type(value)
        if kind is str and "\0" in value:
            raise psycopg.DataError("PostgreSQL text holds no NUL (0x00)")
        # psycopg writes lists in Python, single values in C. A list with a NULL needs its type.
        if kind is list and value and None not in value:
            return f"ARRAY[{','.join(map(self, value))}]"
        return self._as_literal(value).decode()


class Connection(psycopg.AsyncConnection[Row]):
    """A connection of the runtime; `prepared` tells that the central statements are, on it."""

    prepared = False

    @cached_property
    def literals(self) -> Literals:
        """Return what makes values literals here; it remembers how each type is written."""
        return Literals(self)

    async def prepare(self, statements: Iterable[Statement]) -> None:
        """Prepare the statements, unless a pooler stands between.

        A pooler in transaction mode gives each transaction another server connection; it answers
        with a process id of its own.
        """
        cursor = await self.execute("SELECT pg_backend_pid()")
        if await cursor.fetchone() != (self.info.backend_pid,):
            return
        try:
            await run_script(self, [statement.preparation() for statement in statements])
        except psycopg.ProgrammingError:
            # Tables or rights are missing: whatever needs them says so, and more clearly.
            return
        self.prepared = True


class TenantTransaction:
    """One transaction under a tenant's own role, begun with the first question.

    A transaction that is not `lasting` may be forgotten by a server that crashes at once: for what
    would be found out again.
    """

    def __init__(
        self, connection: Connection, placement: Placement, *, lasting: bool = True
    ) -> None:
        self._connection = connection
        self._placement = placement
        self._literal = connection.literals
        self._enter = _ENTER.bind(
            {"role": placement.role, "lasting": "on" if lasting else "off"}, self._literal
        )
        self._begun = False
        self._waiting: list[tuple[str, Rows]] = []

    async def ask(self, *asked: Asked) -> list[Rows]:
        """Run what waits, then these, in one message; return the rows of each of these."""
        answers = [self.later(*one) for one in asked]
        await self._send()
        return answers

    def later(self, statement: TenantStatement, values: Mapping[str, Any]) -> Rows:
        """Run the statement with the next message, at the latest with the commit.

        The rows that it returns stand in the list then.
        """
        rows: Rows = []
        self._waiting.append((self._bound(statement, values), rows))
        return rows

    async def execute(self, text: str) -> Rows:
        """Run a ready text and return its rows."""
        rows: Rows = []
        self._waiting.append((text, rows))
        await self._send()
        return rows

    async def commit(self) -> None:
        """Run what waits and commit, in one message."""
        if self._begun:
            self._waiting.append(("COMMIT", []))
            await self._send()
        elif self._waiting:
            # Statements of one message are one transaction of themselves.
            await self._run(self._enter)

    async def rollback(self) -> None:
        """Undo everything; a lost connection has done so."""
        if self._begun and not self._connection.closed:
            await self._connection.rollback()

    async def _send(self) -> None:
        first = () if self._begun else ("BEGIN", self._enter)
        self._begun = True
        await self._run(*first)

    async def _run(self, *first: str) -> None:
        waiting, self._waiting = self._waiting, []
        found = await run_script(self._connection, [*first, *(text for text, _ in waiting)])
        for (_, rows), returned in zip(waiting, found[len(first) :], strict=True):
            rows.extend(returned)

    def _bound(self, statement: TenantStatement, values: Mapping[str, Any]) -> str:
        return statement.bind(self._placement, values, self._literal)


async def run_statements(
    connection: Connection, asked: Sequence[tuple[Statement, Mapping[str, Any]]]
) -> list[Rows]:
    """Run central statements as one message, a transaction of its own; return the rows of each."""
    literal = connection.literals
    return await run_script(
        connection,
        [
            statement.call(values, literal)
            if connection.prepared and statement.name
            else statement.bind(values, literal)
            for statement, values in asked
        ],
    )


async def run_script(connection: Connection, texts: Sequence[str]) -> list[Rows]:
    """Send the statements as one message, a transaction of its own; return the rows of each."""
    cursor = await connection.execute("\n;".join(texts).encode())
    found: list[Rows] = []
    while True:
        result = cursor.pgresult
        found.append(await cursor.fetchall() if result is not None and result.ntuples else [])
        if not cursor.nextset():
            return found
