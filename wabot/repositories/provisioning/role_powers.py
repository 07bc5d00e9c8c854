"""What a tenant's role may do beyond its own tables, and what it or the runtime owns."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from wabot.repositories.provisioning.rendering import quoted
from wabot.services.provisioning.survey_ports import Power, Shop

Connection = psycopg.Connection[Any]

_ATTRIBUTES = ("SUPERUSER", "CREATEROLE", "CREATEDB", "BYPASSRLS", "REPLICATION", "LOGIN")
# Who owns a thing may do all with it, whatever its rights say: never a tenant's role or the
# runtime's login.
_CONFINED = "^wabot_(runtime$|[tr]_)"
_ROLES = f"""
SELECT a.n, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls, r.rolreplication,
       r.rolcanlogin,
       array(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid ORDER BY 1),
       CASE WHEN o.rolname ~ '{_CONFINED}' THEN o.rolname::text ELSE '' END
FROM unnest(%(schemas)s::text[], %(roles)s::text[]) WITH ORDINALITY AS a (schema, role, n)
JOIN pg_namespace s ON s.nspname = a.schema
JOIN pg_roles o ON o.oid = s.nspowner
LEFT JOIN pg_roles r ON r.rolname = a.role
ORDER BY a.n
"""
_TABLES = f"""
SELECT s.nspname::text, c.relname::text, o.rolname::text
FROM pg_class c
JOIN pg_roles o ON o.oid = c.relowner AND o.rolname ~ '{_CONFINED}'
JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1, 2
"""


def excess_powers(connection: Connection, shops: Sequence[Shop]) -> dict[UUID, tuple[Power, ...]]:
    """Return what each shop's role or schema must not be, with what takes it away."""
    places = [shop.places.current for shop in shops]
    asked = {
        "schemas": [place.schema for place in places],
        "roles": [place.role for place in places],
    }
    found: dict[UUID, list[Power]] = {}
    for number, *given, member_of, owner in connection.execute(_ROLES, asked).fetchall():
        shop, place = shops[number - 1], places[number - 1]
        role, schema = quoted(place.role), quoted(place.schema)
        powers = []
        if has := [word for word, there in zip(_ATTRIBUTES, given, strict=True) if there]:
            taken = " ".join(f"NO{word}" for word in has)
            powers.append(Power(f"its role has {', '.join(has)}", (f"ALTER ROLE {role} {taken}",)))
        if member_of:
            revoked = tuple(f"REVOKE {quoted(group)} FROM {role}" for group in member_of)
            powers.append(Power(f"its role is a member of {', '.join(member_of)}", revoked))
        if owner:
            powers.append(
                Power(
                    f"schema {place.schema} is owned by {owner}",
                    (f"ALTER SCHEMA {schema} OWNER TO CURRENT_USER",),
                )
            )
        if powers:
            found[shop.id] = powers
    for schema, table, owner in connection.execute(_TABLES).fetchall():
        # One by one: such tables are few.
        for shop, place in zip(shops, places, strict=True):
            if place.schema == schema and table.startswith(place.prefix):
                given_back = f"ALTER TABLE {quoted(schema)}.{quoted(table)} OWNER TO CURRENT_USER"
                named = table.removeprefix(place.prefix)
                power = Power(f"{named} is owned by {owner}", (given_back,))
                found.setdefault(shop.id, []).append(power)
    return {client: tuple(powers) for client, powers in found.items()}
