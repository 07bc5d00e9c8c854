"""What a tenant's role may do beside its rights on tables, which are part of these."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from wabot.models.naming import RUNTIME_ROLE
from wabot.repositories.provisioning.rendering import quoted
from wabot.repositories.provisioning.tenant_ddl import ownership
from wabot.services.provisioning.survey_ports import Shop

Connection = psycopg.Connection[Any]

_ROLES = """
SELECT a.n, r.oid IS NOT NULL,
       EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles l ON l.oid = m.member
               WHERE m.roleid = r.oid AND l.rolname = a.login),
       r.oid IS NOT NULL AND has_schema_privilege(r.oid, s.oid, 'USAGE'),
       EXISTS (SELECT 1 FROM pg_default_acl d
               WHERE d.defaclnamespace = s.oid AND d.defaclobjtype = 'r'
                 AND (SELECT count(*) FROM aclexplode(d.defaclacl) e WHERE e.grantee = r.oid
                      AND e.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) = 4)
FROM unnest(%(schemas)s::text[], %(roles)s::text[], %(logins)s::text[])
     WITH ORDINALITY AS a (schema, role, login, n)
JOIN pg_namespace s ON s.nspname = a.schema
LEFT JOIN pg_roles r ON r.rolname = a.role
ORDER BY a.n
"""


def missing_rights(connection: Connection, shops: Sequence[Shop]) -> dict[UUID, tuple[str, ...]]:
    """Return the statements that give each shop's role what it lacks."""
    places = [shop.places.current for shop in shops]
    rows = connection.execute(
        _ROLES,
        {
            "schemas": [place.schema for place in places],
            "roles": [place.role for place in places],
            "logins": [place.login or RUNTIME_ROLE for place in places],
        },
    ).fetchall()
    missing: dict[UUID, tuple[str, ...]] = {}
    for number, exists, member, usage, defaults in rows:
        shop, place = shops[number - 1], places[number - 1]
        role, schema = quoted(place.role), quoted(place.schema)
        # Before 16 a membership has no options of its own.
        options = (
            " WITH INHERIT FALSE, SET TRUE" if connection.info.server_version >= 160_000 else ""
        )
        statements = []
        if not exists:
            statements.append(f"CREATE ROLE {role} NOLOGIN")
            statements.append(f"COMMENT ON ROLE {role} IS '{ownership(shop.id)}'")
        if not member:
            login = quoted(place.login or RUNTIME_ROLE)
            statements.append(f"GRANT {role} TO {login}{options}")
        if not usage:
            statements.append(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        if not defaults and not place.prefix:
            statements.append(
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}"
                f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
            )
        if statements:
            missing[shop.id] = tuple(statements)
    return missing
