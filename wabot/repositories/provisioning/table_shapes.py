"""The tables of a tenant as the catalogue knows them: those of templates and modules as well."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

import psycopg

from wabot.domain.tenant import Placement
from wabot.errors import Refused

Connection = psycopg.Connection[Any]

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds data of its own: generated ones are left out."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table without its prefix; `sequences` gives schema and name by the column they number."""

    name: str
    columns: tuple[Column, ...]
    refers_to: frozenset[str] = frozenset()
    sequences: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def tables_of(connection: Connection, placement: Placement) -> tuple[TableShape, ...]:
    """Return the tenant's tables, each after those it refers to; the revision's is not among them.

    What it costs depends on this tenant's tables, not on how many tenants share the database.
    """
    found = connection.execute(
        _TABLES, {"schema": placement.schema, "prefix": placement.prefix}
    ).fetchall()
    cut = len(placement.prefix)
    shapes = {
        name[cut:]: TableShape(
            name[cut:],
            tuple(Column(*column) for column in columns),
            frozenset(target[cut:] for target in targets if target != name),
            {column: (schema, sequence) for column, schema, sequence in sequences},
        )
        for name, columns, targets, sequences in found
    }
    shapes.pop(VERSION_TABLE, None)
    order = TopologicalSorter({name: sorted(s.refers_to) for name, s in sorted(shapes.items())})
    try:
        return tuple(shapes[name] for name in order.static_order() if name in shapes)
    except CycleError as error:
        raise Refused(
            f"tables of schema {placement.schema} refer to each other in a circle:"
            f" {' → '.join(error.args[1])}",
            hint="Such tables cannot be copied one after the other; make one of the foreign keys"
            " a column without a constraint.",
        ) from None


# By dependencies of the schema: pg_class has no index by schema.
_TABLES = """
WITH rel AS (
    SELECT c.oid, c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_namespace'::regclass
      AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND starts_with(c.relname::text, %(prefix)s)
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
)
SELECT rel.relname::text,
       ARRAY(SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod)]
             FROM pg_attribute a
             WHERE a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND a.attgenerated = ''
             ORDER BY a.attnum),
       ARRAY(SELECT DISTINCT t.relname::text FROM pg_constraint f
             JOIN pg_class t ON t.oid = f.confrelid
             WHERE f.conrelid = rel.oid AND f.contype = 'f' ORDER BY 1),
       ARRAY(SELECT ARRAY[a.attname::text, n.nspname::text, s.relname::text]
             FROM pg_depend d
             JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
             JOIN pg_namespace n ON n.oid = s.relnamespace
             JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
               AND d.refobjid = rel.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
             ORDER BY a.attnum)
FROM rel ORDER BY 1
"""
