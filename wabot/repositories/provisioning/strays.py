"""What says or looks as if it were a client's, while there is no such client or it is elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg

from wabot.repositories.provisioning.named_strays import find_named
from wabot.repositories.provisioning.rendering import quoted
from wabot.services.provisioning.survey_ports import Shop, Stray

Connection = psycopg.Connection[Any]

# Roles belong to the whole server: one that has rights in another database is somebody's there.
_OWNED = """
SELECT 'schema', n.nspname::text, '', d.description
FROM pg_namespace n
JOIN pg_description d ON d.objoid = n.oid AND d.classoid = 'pg_namespace'::regclass
WHERE d.description LIKE 'wabot tenant=%'
UNION ALL
SELECT 'prefix', n.nspname::text, left(c.relname::text, -length('alembic_version')), d.description
FROM pg_description d
JOIN pg_class c ON c.oid = d.objoid AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0
  AND d.description LIKE 'wabot tenant=%' AND c.relname LIKE '_%alembic\\_version'
UNION ALL
SELECT 'role', r.rolname::text, '', d.description
FROM pg_roles r
JOIN pg_shdescription d ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass
LEFT JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid
WHERE d.description LIKE 'wabot tenant=%' AND s.refobjid IS NULL
UNION ALL
SELECT 'database', d.datname::text, '', s.description
FROM pg_database d
JOIN pg_shdescription s ON s.objoid = d.oid AND s.classoid = 'pg_database'::regclass
WHERE s.description LIKE 'wabot tenant=%' AND d.datname <> current_database()
ORDER BY 1, 2, 3
"""
_TABLES = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND starts_with(c.relname::text, %s)
"""


def find_strays(connection: Connection, shops: Sequence[Shop]) -> tuple[Stray, ...]:
    """Return what the central database holds of none of the shops."""
    known = {str(shop.id): shop for shop in shops}
    found = []
    for kind, name, prefix, comment in connection.execute(_OWNED).fetchall():
        # A database also says by what it was made.
        client = comment.removeprefix("wabot tenant=")[:36]
        shop = known.get(client)
        if shop is None or not _belongs_to(shop, kind, name, prefix):
            # Counted one by one: strays are few.
            (tables,) = connection.execute(_TABLES, (name, prefix)).fetchall()[0]
            stray = _stray(kind, name, prefix, client, tables)
            found.append(stray if shop is None else replace(stray, slug=shop.slug, sql=""))
    marked = {(stray.kind, stray.name) for stray in found}
    for kind, name, prefix, slug in find_named(connection, shops):
        (tables,) = connection.execute(_TABLES, (name, prefix)).fetchall()[0]
        stray = _stray(kind, name, prefix, "", tables)
        if (stray.kind, stray.name) not in marked:
            found.append(replace(stray, slug=slug, sql="" if slug else stray.sql))
    return tuple(found)


def _belongs_to(shop: Shop, kind: str, name: str, prefix: str) -> bool:
    match kind:
        case "role":
            return True
        case "database":
            # What is called another server may be this one by another name.
            return any(place.database == name for place in shop.places.all)
        case _:
            return any(
                not place.database and (place.schema, place.prefix) == (name, prefix)
                for place in shop.places.all
            )


def _stray(kind: str, schema: str, prefix: str, client: str, tables: int) -> Stray:
    if kind == "role":
        role = quoted(schema)
        # What it owns becomes ours first: dropping its rights would drop that.
        before = (
            "" if client else f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; "
        )
        return Stray(kind, schema, client, 0, f"{before}DROP ROLE {role}")
    if kind == "database":
        return Stray(kind, schema, client, 0, "")
    if kind == "schema":
        return Stray(kind, schema, client, tables, f"DROP SCHEMA {quoted(schema)} CASCADE")
    # One statement for whatever stands there by then.
    sql = f"""
DO $$ DECLARE names text; BEGIN
    SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ') INTO names
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = '{schema}' AND c.relkind IN ('r', 'p')
      AND starts_with(c.relname::text, '{prefix}');
    EXECUTE 'DROP TABLE ' || names || ' CASCADE';
END $$"""
    return Stray(kind, f"{schema}.{prefix}", client, tables, sql)


def drop_roles(connection: Connection, client: str) -> None:
    """Drop a client's roles that have nothing left anywhere."""
    roles = connection.execute(
        "SELECT r.rolname::text FROM pg_roles r JOIN pg_shdescription d"
        " ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass"
        " WHERE d.description = %s",
        (f"wabot tenant={client}",),
    ).fetchall()
    for (role,) in roles:
        try:
            with connection.transaction():
                connection.execute(f"DROP ROLE {quoted(role)}".encode())
        except psycopg.errors.DependentObjectsStillExist:
            # It has rights in another database of the server.
            continue
