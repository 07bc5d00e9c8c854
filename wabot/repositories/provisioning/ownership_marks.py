"""Whose a place and a role are, by the comments on them: nothing is granted against those."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from wabot.domain.placement import prefix_placement, schema_placement
from wabot.domain.tenant import Placement
from wabot.repositories.provisioning.migration_line import VERSION_TABLE
from wabot.repositories.provisioning.rendering import quoted, render
from wabot.repositories.provisioning.tenant_ddl import ownership
from wabot.services.provisioning.survey_ports import Shop

Connection = psycopg.Connection[Any]

_MARKS = """
SELECT a.n, v.oid IS NOT NULL,
       CASE WHEN a.prefix = '' THEN obj_description(s.oid, 'pg_namespace')
            ELSE obj_description(v.oid, 'pg_class') END,
       r.oid IS NOT NULL, shobj_description(r.oid, 'pg_authid')
FROM unnest(%(schemas)s::text[], %(prefixes)s::text[], %(roles)s::text[])
     WITH ORDINALITY AS a (schema, prefix, role, n)
JOIN pg_namespace s ON s.nspname = a.schema
LEFT JOIN pg_class v ON v.relnamespace = s.oid AND v.relname = a.prefix || 'alembic_version'
LEFT JOIN pg_roles r ON r.rolname = a.role
ORDER BY a.n
"""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a place is not surely the shop's; `sql` marks it where only the comment is missing."""

    what: str
    sql: tuple[str, ...] = ()


def mismatches(connection: Connection, shops: Sequence[Shop]) -> dict[UUID, Mismatch]:
    """Return the shops whose place or role is not marked as theirs, in one query."""
    places = [shop.places.current for shop in shops]
    rows = connection.execute(
        _MARKS,
        {
            "schemas": [place.schema for place in places],
            "prefixes": [place.prefix for place in places],
            "roles": [place.role for place in places],
        },
    ).fetchall()
    found: dict[UUID, Mismatch] = {}
    for number, versioned, mark, role_exists, role_mark in rows:
        shop, place = shops[number - 1], places[number - 1]
        problem = _of_place(shop.id, place, mark, versioned=versioned)
        problem = problem or (_of_role(shop.id, place, role_mark) if role_exists else None)
        if problem is not None:
            found[shop.id] = problem
    return found


def _of_place(
    client: UUID, place: Placement, mark: str | None, *, versioned: bool
) -> Mismatch | None:
    own = ownership(client)
    where = f"schema {place.schema}" + (f", prefix {place.prefix}" if place.prefix else "")
    if mark == own:
        return None
    if mark:
        return Mismatch(f"its placement names {where}, whose comment says: {mark}")
    computed = prefix_placement(client) if place.prefix else schema_placement(client)
    if (place.schema, place.prefix) != (computed.schema, computed.prefix):
        return Mismatch(f"its placement names {where}, which nothing says is its own")
    if place.prefix and not versioned:
        # Nothing to write on: that this table is missing is a finding of its own.
        return None
    thing = (
        f"TABLE {render(VERSION_TABLE, place)}"
        if place.prefix
        else f"SCHEMA {quoted(place.schema)}"
    )
    return Mismatch(
        f"{where} lacks the comment that says whose it is", (f"COMMENT ON {thing} IS '{own}'",)
    )


def _of_role(client: UUID, place: Placement, mark: str | None) -> Mismatch | None:
    own = ownership(client)
    if mark == own or (not mark and place.role == schema_placement(client).role):
        return None
    said = f"whose comment says: {mark}" if mark else "which nothing says is its own"
    return Mismatch(f"its placement names the role {place.role}, {said}")
