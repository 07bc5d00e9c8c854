"""Looks at a PostgreSQL server: what it is, and what a login may do there."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from wabot.repositories.conninfo import Connection, connect, describe
from wabot.services.server_facts import ServerFacts

_TRIES = 5
_FACTS = """
SELECT current_setting('server_version'), current_user::text, pg_backend_pid(),
       current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true)::int, 0),
       current_setting('max_locks_per_transaction')::int,
       has_database_privilege(current_database(), 'CREATE'),
       rolsuper OR rolcreaterole, rolsuper OR rolcreatedb
FROM pg_roles WHERE rolname = current_user
"""

_READABLE = """
SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'wabot' AND c.relname = 'processes'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
"""
_SERVING = """
SELECT count(*) FROM wabot.processes
WHERE ended_at IS NULL AND seen_at > now() - interval '1 minute'
"""


def look_at_server(conninfo: str) -> ServerFacts:
    """Return what a login sees; raises DatabaseUnavailable or ConfigurationError."""
    with connect(conninfo, autocommit=True) as connection:
        row: Any = connection.execute(_FACTS).fetchone()
        latency, skew = _timed(connection)
        version, user, pid, most, reserved, locks, schemas, roles, databases = row
        return ServerFacts(
            where=describe(conninfo),
            version=version.split()[0],
            user=user,
            latency=latency,
            skew=skew,
            near=_is_near(connection),
            encrypted=connection.pgconn.ssl_in_use,
            # A pooler makes up the process that it names to its clients.
            pooled=connection.info.backend_pid != pid,
            max_connections=most,
            reserved_connections=reserved,
            max_locks=locks,
            may_create_schemas=schemas,
            may_create_roles=roles,
            may_create_databases=databases,
            serving=_serving(connection),
        )


def _serving(connection: Connection) -> int:
    if connection.execute(_READABLE).fetchone() is None:
        return 0
    row: Any = connection.execute(_SERVING).fetchone()
    return int(row[0])


def _timed(connection: Connection) -> tuple[timedelta, timedelta]:
    """Return the quickest answer's time, and how far ahead the server's clock was then."""
    found = []
    for _ in range(_TRIES):
        before, started = datetime.now(UTC), time.perf_counter()
        row: Any = connection.execute("SELECT clock_timestamp()").fetchone()
        took = timedelta(seconds=time.perf_counter() - started)
        found.append((took, row[0] - (before + took / 2)))
    return min(found)


def _is_near(connection: Connection) -> bool:
    host = connection.info.host
    return host.startswith(("/", "@")) or host in {"", "localhost", "127.0.0.1", "::1"}
