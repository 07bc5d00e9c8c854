"""What has a name that wabot gives, and neither a comment that tells whose it is nor a client."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg

from wabot.domain.placement import (
    SHARED_SCHEMA,
    database_placement,
    prefix_placement,
    schema_placement,
)
from wabot.services.provisioning.survey_ports import Shop

Connection = psycopg.Connection[Any]
# Kind, name, prefix, and the slug of the living client that its name was made for.
Named = tuple[str, str, str, str]

_ID = "[a-z2-7]{26}"
_UNMARKED = "NOT starts_with(coalesce({}, ''), 'wabot tenant=')"
# A role that has something in another database of the server is somebody's there.
_NAMED = f"""
SELECT 'schema', n.nspname::text, '' FROM pg_namespace n
WHERE n.nspname ~ '^t_{_ID}$' AND {_UNMARKED.format("obj_description(n.oid, 'pg_namespace')")}
UNION ALL
SELECT DISTINCT 'prefix', '{SHARED_SCHEMA}', substring(c.relname::text FROM '^p[a-z2-7]{{1,14}}_')
FROM pg_class c
WHERE c.relnamespace = to_regnamespace('{SHARED_SCHEMA}') AND c.relkind IN ('r', 'p')
  AND c.relname ~ '^p[a-z2-7]{{1,14}}_'
UNION ALL
SELECT 'role', r.rolname::text, '' FROM pg_roles r
WHERE r.rolname ~ '^wabot_[tr]_{_ID}$'
  AND {_UNMARKED.format("shobj_description(r.oid, 'pg_authid')")}
  AND NOT EXISTS (
      SELECT FROM pg_shdepend d
      WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.dbid NOT IN (
          0, (SELECT oid FROM pg_database WHERE datname = current_database())))
UNION ALL
SELECT 'database', d.datname::text, '' FROM pg_database d
WHERE d.datname <> current_database() AND d.datname ~ '^wabot_{_ID}$'
  AND {_UNMARKED.format("shobj_description(d.oid, 'pg_database')")}
ORDER BY 1, 2, 3
"""


def find_named(connection: Connection, shops: Sequence[Shop]) -> Iterator[Named]:
    """Yield what no shop's placement names, in one query."""
    used, prefixes = _used(shops)
    made_for = _made_for(shops)
    for kind, name, prefix in connection.execute(_NAMED).fetchall():
        if kind == "prefix":
            # One that begins another, or with another, cannot be told apart from it.
            if any(one.startswith(prefix) or prefix.startswith(one) for one in prefixes):
                continue
        elif (kind, name) in used:
            continue
        owner = made_for.get((kind, prefix or name), "")
        # The role of a living client is its own wherever the client is.
        if not (owner and kind in {"role", "database"}):
            yield kind, name, prefix, owner


def _used(shops: Sequence[Shop]) -> tuple[set[tuple[str, str]], set[str]]:
    used: set[tuple[str, str]] = set()
    prefixes: set[str] = set()
    for shop in shops:
        for place in shop.places.all:
            used |= {("role", place.role), ("role", place.login)}
            if place.database:
                # What is called another server may be this one by another name.
                used.add(("database", place.database))
            elif place.schema == SHARED_SCHEMA:
                prefixes.add(place.prefix)
            else:
                used.add(("schema", place.schema))
    return used, prefixes


def _made_for(shops: Sequence[Shop]) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for shop in shops:
        database = database_placement(shop.id, server="elsewhere")
        for key in (
            ("schema", schema_placement(shop.id).schema),
            ("prefix", prefix_placement(shop.id).prefix),
            ("role", database.role),
            ("role", database.login),
            ("database", database.database),
        ):
            found[key] = shop.slug
    return found
