"""Values written into the text arrive as they were, and nothing of them is ever read as SQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from wabot.repositories.runtime.scripts import Connection, run_script, run_statements
from wabot.repositories.runtime.sql import Statement

ID = UUID("00000000-0000-4000-8000-00000000000a")
ROUND_TRIPS: list[tuple[str, Any, Any]] = [
    ("text", 'it\'s \\ "so"; DROP TABLE x; -- %(a)s {orders} $1 🙂', None),
    ("text", "'", None),
    ("text", "\\", None),
    ("text", "", None),
    ("text[]", ["a'b", 'c"d', "e\\f", "{g,h}", "NULL", ""], None),
    ("text[]", [], None),
    ("text[]", ["a", None], None),
    ("uuid[]", [ID, ID], None),
    ("uuid[]", [None], None),
    ("bigint[]", [1, -2, 2**60], None),
    ("int[]", [None, -3], None),
    ("bool[]", [True, False], None),
    ("interval[]", [timedelta(seconds=-1.5), timedelta(days=2)], None),
    ("timestamptz", datetime(2026, 3, 2, 10, tzinfo=UTC), None),
    ("numeric", Decimal("-12.50"), None),
    ("jsonb", Jsonb({"a": "it's \\ \" 🙂"}), {"a": "it's \\ \" 🙂"}),
    ("jsonb[]", [Jsonb({"a": "'"}), Jsonb([1, None])], [{"a": "'"}, [1, None]]),
    ("text", None, None),
]


@pytest.fixture
async def connection(runtime_url: str) -> AsyncIterator[Connection]:
    made = await Connection.connect(runtime_url, autocommit=True, prepare_threshold=None)
    async with made:
        yield made


@pytest.mark.parametrize(("kind", "value", "expected"), ROUND_TRIPS)
async def test_a_value_comes_back_as_it_was(
    connection: Connection, kind: str, value: Any, expected: Any
) -> None:
    statement = Statement(f"SELECT %(value)s::{kind}, %(value)s::{kind}", "probe")
    wanted = value if expected is None else expected
    assert await run_statements(connection, [(statement, {"value": value})]) == [[(wanted, wanted)]]
    await connection.prepare([statement])
    assert connection.prepared
    assert await run_statements(connection, [(statement, {"value": value})]) == [[(wanted, wanted)]]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
async def test_any_text_comes_back_alone_and_in_lists(connection: Connection, words: str) -> None:
    statement = Statement("SELECT %(one)s::text, %(many)s::text[]")
    values = {"one": words, "many": [words, words]}
    assert await run_statements(connection, [(statement, values)]) == [[(words, [words, words])]]


@pytest.mark.parametrize("value", ["a\0b", ["ok", "a\0b"], ["a\0b", None]])
async def test_a_nul_is_refused_rather_than_cutting_the_message(
    connection: Connection, value: Any
) -> None:
    with pytest.raises(psycopg.DataError):
        connection.literals(value)


async def test_statements_of_one_message_are_one_transaction(connection: Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE kept (n int)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await run_script(connection, ["INSERT INTO kept VALUES (1)", "SELECT 1/0"])
    rows = await run_script(connection, ["SELECT count(*) FROM kept", "SELECT 2 WHERE false"])
    assert rows == [[(0,)], []]
