"""A tenant's namespace in one database: made, closed to the tenant, opened again, dropped.

Every function works in the caller's transaction, logged in as the owner of the tables.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, Row

from wabot.domain.migration import modules_of
from wabot.domain.tenant import Isolation, Placement, Tenant
from wabot.errors import Refused
from wabot.repositories.provisioning.migration_line import MigrationLine
from wabot.repositories.provisioning.rendering import quoted, render
from wabot.repositories.provisioning.tenant_ddl import creation_sql, ownership, table_rights

_GROUND = """
SELECT current_setting('server_version_num')::int / 10000 AS version,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       r.oid IS NOT NULL AS role_exists, shobj_description(r.oid, 'pg_authid') AS role_comment,
       to_regnamespace(%(schema)s) IS NOT NULL AS schema_exists
FROM (SELECT 1) one LEFT JOIN pg_roles r ON r.rolname = %(role)s
"""
_SHARED_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('wabot shared schema', 0))"
_HOLDER = """
SELECT CASE WHEN %(prefix)s = ''
            THEN (SELECT coalesce(obj_description(oid, 'pg_namespace'), '')
                  FROM pg_namespace WHERE nspname = %(schema)s)
            ELSE (SELECT coalesce(obj_description(c.oid, 'pg_class'), '')
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = %(schema)s AND c.relname = %(prefix)s || 'alembic_version')
       END
"""
_TABLES = """
SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p') AND starts_with(c.relname, %(prefix)s)
ORDER BY 1
"""


def make(
    connection: Connection,
    tenant: Tenant,
    placement: Placement,
    line: MigrationLine,
    *,
    ledger: str = "",
) -> None:
    """Make role, rights and empty tables, in one round trip or two.

    Tables are at the newest revision, or at those of the `ledger`.
    """
    names = {"schema": placement.schema, "role": placement.role}
    ground: Row[tuple[int, bool, bool, str, bool]] = connection.exec_driver_sql(
        _GROUND, names
    ).one()
    if ground.role_exists and ground.role_comment != ownership(tenant.id):
        raise Refused(
            f"the server has a role {placement.role} that is not of tenant {tenant.slug}",
            hint="Look at it on that server; nothing was changed.",
        )
    if placement.isolation is Isolation.PREFIX and not ground.schema_exists:
        _make_shared_schema(connection, placement.schema)
    sql = creation_sql(
        placement,
        tenant.id,
        server_version=ground.version,
        modules=modules_of(tenant.revision),
        line=line,
        role_exists=ground.role_exists,
        to_owner=not ground.superuser and not placement.login,
        ledger=ledger,
    )
    # Without parameters psycopg sends the whole text at once.
    connection.exec_driver_sql(sql, execution_options={"no_parameters": True})


def is_there(connection: Connection, placement: Placement, client_id: UUID) -> bool:
    """Tell whether the namespace stands; Refused when its name is held by something else."""
    holder = connection.exec_driver_sql(
        _HOLDER, {"schema": placement.schema, "prefix": placement.prefix}
    ).scalar_one()
    if holder not in (None, ownership(client_id)):
        raise Refused(
            f"schema {placement.schema} {placement.prefix} exists and is not of client {client_id}",
            hint="Look at its comment in PostgreSQL; nothing was changed.",
        )
    return holder is not None


def close(connection: Connection, placement: Placement) -> None:
    """Take the tenant's rights on every table away, once nobody is in the middle of writing."""
    tables = _tables(connection, placement)
    if tables:
        named = _named(placement, tables)
        connection.exec_driver_sql(f"LOCK TABLE {named} IN EXCLUSIVE MODE")
        connection.exec_driver_sql(f"REVOKE ALL ON {named} FROM {quoted(placement.role)}")


def open_again(connection: Connection, placement: Placement) -> None:
    """Give the tenant its rights back."""
    tables = [name.removeprefix(placement.prefix) for name in _tables(connection, placement)]
    if tables:
        connection.exec_driver_sql(render(table_rights(tables, placement), placement))


def drop(connection: Connection, placement: Placement, client_id: UUID) -> bool:
    """Drop the namespace if it stands and is the client's; tell whether it stood."""
    if not is_there(connection, placement, client_id):
        return False
    if placement.prefix:
        named = _named(placement, _tables(connection, placement))
        connection.exec_driver_sql(f"DROP TABLE {named} CASCADE")
    else:
        connection.exec_driver_sql(f"DROP SCHEMA {quoted(placement.schema)} CASCADE")
    return True


def _make_shared_schema(connection: Connection, schema: str) -> None:
    connection.exec_driver_sql(_SHARED_LOCK)
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {quoted(schema)} IS 'wabot shared'")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO PUBLIC")


def _tables(connection: Connection, placement: Placement) -> list[str]:
    names = {"schema": placement.schema, "prefix": placement.prefix}
    return [row[0] for row in connection.exec_driver_sql(_TABLES, names)]


def _named(placement: Placement, tables: Iterable[str]) -> str:
    return ", ".join(f"{quoted(placement.schema)}.{quoted(table)}" for table in tables)
