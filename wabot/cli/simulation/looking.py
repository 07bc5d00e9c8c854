"""A look at what simulated chats left behind."""

import signal
import subprocess
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from wabot.cli.simulation.databases import KEPT, SimulationServer
from wabot.cli.simulation.home import simulation_server
from wabot.cli.simulation.shops import DEMO_SLUG
from wabot.errors import NotFound, Refused

_COLUMNS = (
    "order_code",
    "created_at",
    "customer",
    "status",
    "total",
    "delivery",
    "items",
    "history",
)
_ORDERS = """
SELECT o.order_code, o.created_at, c.name, o.status, o.total,
       CASE o.delivery WHEN 'pickup' THEN 'pickup' ELSE o.delivery_address END,
       (SELECT string_agg(trim_scale(i.quantity * i.step) || ' ' || i.unit || ' ' || i.name, '; '
                          ORDER BY i.id) FROM order_items i WHERE i.order_id = o.id),
       (SELECT string_agg(h.status, ' > ' ORDER BY h.id)
        FROM order_history h WHERE h.order_id = o.id)
FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.number
"""


def order_rows(database: str) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Return the orders of the shop in a kept database."""
    with simulation_server() as (server, _):
        schema = _schema(server, database)
        with psycopg.connect(server.url(database)) as connection:
            connection.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(schema)))
            rows = [list(row) for row in connection.execute(_ORDERS)]
    for row in rows:
        row[1] = row[1].isoformat(timespec="seconds")
        row[4] = str(row[4])
    return _COLUMNS, rows


def run_psql(database: str, command: str) -> int:
    """Run psql until it ends and return its exit code."""
    from wabot.gateways.embedded_postgres.binaries import find_binaries

    program = find_binaries().program("psql")
    with simulation_server() as (server, _):
        schema = _schema(server, database)
        way = make_conninfo(server.url(database), options=f"-c search_path={schema},wabot")
        arguments = [str(program), way, *(["-c", command] if command else [])]
        # In psql Ctrl-C ends a query, not the program; the server is to stay as well.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            done = subprocess.run(arguments, check=False)  # noqa: S603 - no shell in between
        except OSError as error:
            raise Refused(
                f"psql cannot be run: {error.strerror}",
                hint="wabot simulate orders needs no psql.",
            ) from error
        finally:
            signal.signal(signal.SIGINT, before)
    return done.returncode


def _schema(server: SimulationServer, database: str) -> str:
    found = server.connection.execute(
        "select 1 from pg_database where datname = %s and starts_with(datname, %s)",
        [database, KEPT],
    ).fetchone()
    if found is None:
        raise NotFound(
            f"there is no database {database} of a simulation",
            hint="Chat first: wabot simulate conversation",
        )
    with psycopg.connect(server.url(database)) as connection:
        row = connection.execute(
            "select db_connection_config->>'schema' from wabot.clients where slug = %s",
            [DEMO_SLUG],
        ).fetchone()
    if row is None:
        raise NotFound(
            f"database {database} holds no shop yet", hint="Chat first: wabot simulate conversation"
        )
    return str(row[0])
