"""Every ciphertext of the central database: found by its key, replaced under another."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine

from wabot.domain.placement import DATABASE_PASSWORD
from wabot.errors import Conflict, DecryptionFailed
from wabot.repositories.provisioning.auditing import note_central
from wabot.repositories.provisioning.failures import named_failures
from wabot.repositories.provisioning.servers import LIMITS
from wabot.services.provisioning.rotate_keys import Batch, Renew, Usage

TOKEN = "whatsapp_token"  # noqa: S105 - what a secret is, not a secret
_CIPHERTEXT = r'"v1\.([0-9a-f]{8})\.'

_USAGE = rf"""
SELECT 'tokens', split_part(whatsapp_token, '.', 2), count(*) FROM wabot.clients GROUP BY 2
UNION ALL
SELECT 'previous_tokens', split_part(whatsapp_token, '.', 2), count(*)
FROM wabot.previous_tokens GROUP BY 2
UNION ALL
SELECT 'database_passwords', found[1], count(*)
FROM wabot.clients, regexp_matches(db_connection_config::text, '{_CIPHERTEXT}', 'g') AS found
GROUP BY 2
"""
_STALE = rf"""
FROM wabot.clients c LEFT JOIN wabot.previous_tokens p ON p.client_id = c.id
WHERE split_part(c.whatsapp_token, '.', 2) <> %(key)s
   OR split_part(p.whatsapp_token, '.', 2) <> %(key)s
   OR EXISTS (SELECT FROM regexp_matches(c.db_connection_config::text, '{_CIPHERTEXT}', 'g')
              AS found WHERE found[1] <> %(key)s)
"""
_COUNT = f"SELECT count(*) {_STALE}"
_NEXT = f"""
SELECT c.id, c.slug, c.whatsapp_token, p.whatsapp_token, c.db_connection_config
{_STALE.replace("WHERE", "WHERE (%(after)s::uuid IS NULL OR c.id > %(after)s) AND (", 1)})
ORDER BY c.id LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED
"""
_WRITE = """
UPDATE wabot.clients SET whatsapp_token = %(token)s, db_connection_config = %(config)s,
       version = %(version)s WHERE id = %(id)s
"""
# A server may have let go of it since: then there is nothing to replace.
_WRITE_FORMER = """
UPDATE wabot.previous_tokens SET whatsapp_token = %(former)s WHERE client_id = %(id)s
"""
_VERSION = "UPDATE wabot.registry SET version = version + 1 RETURNING version"
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('wabot keys rotate', 0))"


class SqlSecrets:
    """The secrets of one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the turn to rotate; Conflict when another command has it."""
        # A transaction of its own: a session's lock would get lost behind PgBouncer.
        with named_failures(), self._engine.connect() as holder, holder.begin():
            holder.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            if not holder.exec_driver_sql(_ALONE).scalar_one():
                raise Conflict(
                    "another command is re-encrypting the secrets", hint="Wait for it to end."
                )
            yield

    def usage(self) -> Usage:
        """Count the secrets by key id and kind."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        with self._transaction() as connection:
            for kind, key_id, count in connection.exec_driver_sql(_USAGE):
                found[key_id or "unreadable"][kind] = count
        return dict(found)

    def stale(self, key_id: str) -> int:
        """Count the clients with a secret under another key."""
        with self._transaction() as connection:
            return int(connection.exec_driver_sql(_COUNT, {"key": key_id}).scalar_one())

    def renew(
        self, key_id: str, after: UUID | None, limit: int, renew: Renew, *, actor: str
    ) -> Batch:
        """Re-encrypt secrets of the next clients that nobody holds, in one transaction."""
        values, former = [], []
        failed: dict[str, str] = {}
        with self._transaction() as connection:
            asked = {"key": key_id, "after": after, "limit": limit}
            rows = connection.exec_driver_sql(_NEXT, asked).fetchall()
            for row in rows:
                try:
                    values.append(_renewed(row, renew))
                    if row[3] is not None:
                        former.append({"id": row[0], "former": renew(row[0], row[3], TOKEN)})
                except DecryptionFailed as error:
                    failed[row[1]] = error.message
                    values = [value for value in values if value["id"] != row[0]]
            if values:
                details = {"key": key_id, "clients": len(values), "failed": sorted(failed)}
                note_central(connection, actor=actor, action="keys.rotate", details=details)
                if former:
                    connection.exec_driver_sql(_WRITE_FORMER, former)
                # Last: it serialises every change of clients until the commit.
                version = connection.exec_driver_sql(_VERSION).scalar_one()
                connection.exec_driver_sql(_WRITE, [{**v, "version": version} for v in values])
        return Batch(rows[-1][0] if rows else None, len(values), failed)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with named_failures(), self._engine.begin() as connection:
            connection.exec_driver_sql(LIMITS)
            yield connection


def _renewed(row: Any, renew: Renew) -> dict[str, Any]:
    client_id, _, token, _, config = row
    return {
        "id": client_id,
        "token": renew(client_id, token, TOKEN),
        "config": Jsonb(_with_renewed(client_id, config, renew)),
    }


def _with_renewed(client_id: UUID, value: Any, renew: Renew) -> Any:
    """Return the configuration with every ciphertext in it renewed, however deep it stands."""
    if isinstance(value, dict):
        return {key: _with_renewed(client_id, inner, renew) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_renewed(client_id, inner, renew) for inner in value]
    if isinstance(value, str) and value.startswith("v1."):
        return renew(client_id, value, DATABASE_PASSWORD)
    return value
