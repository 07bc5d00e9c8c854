"""Statements that make a tenant's tables what its revision says."""

import re

from wabot.domain.drift import Difference
from wabot.domain.tenant import Placement
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.repositories.provisioning.altering import alter_column, alter_table
from wabot.repositories.provisioning.rendering import quoted, render
from wabot.repositories.provisioning.tenant_ddl import table_rights

_OWN = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}"
_INDEX = re.compile(r"(CREATE (?:UNIQUE )?INDEX) (\S+) ON (?:ONLY )?(\S+) ")
_REFERENCES = re.compile(r"\bREFERENCES (\w+)\(")
_ADDING = frozenset({"table", "column", "constraint", "index", "grant"})


def repair_sql(
    difference: Difference, placement: Placement, ddl: str
) -> tuple[tuple[str, ...], bool]:
    """Return the statements, and whether they only add; `ddl` is what makes all tables, marked."""
    if not difference.expected:
        return tuple(render(s, placement) for s in _too_much(difference, placement)), False
    if difference.found:
        return tuple(render(s, placement) for s in _other(difference, placement)), (
            difference.kind == "grant" and difference.name == "role"
        )
    statements = tuple(render(s, placement) for s in _missing(difference, placement, ddl))
    return statements, bool(statements) and difference.kind in _ADDING


def _missing(difference: Difference, placement: Placement, ddl: str) -> tuple[str, ...]:
    table, name, definition = f"{_OWN}{difference.table}", difference.name, difference.expected
    match difference.kind:
        case "table":
            own = re.compile(rf"\b(?:(?:CREATE|ALTER) TABLE|INDEX \S+ ON) {re.escape(table)} ")
            made = tuple(s.strip() for s in ddl.split(";\n") if own.search(s))
            # In a shared schema no default rights make it the tenant's.
            return (*made, table_rights([difference.table], placement)) if made else ()
        case "column":
            return (f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {definition}",)
        case "constraint":
            qualified = _REFERENCES.sub(rf"REFERENCES {_OWN}\1(", definition)
            return (f"ALTER TABLE {table} ADD CONSTRAINT {_own(name)} {qualified}",)
        case "index":
            return (_INDEX.sub(rf"\1 {TENANT_PREFIX_MARK}\2 ON {_OWN}\3 ", definition),)
        case "grant":
            grantee = placement.role if name == "role" else name
            return (f"GRANT {definition} ON {table} TO {quoted(grantee)}",)
        case _:
            return ()


def _too_much(difference: Difference, placement: Placement) -> tuple[str, ...]:
    table, name = f"{_OWN}{difference.table}", difference.name
    match difference.kind:
        case "table":
            return (f"DROP TABLE {table}",)
        case "column":
            return (f"ALTER TABLE {table} DROP COLUMN {quoted(name)}",)
        case "constraint":
            return (f"ALTER TABLE {table} DROP CONSTRAINT {_own(name)}",)
        case "index":
            return (f"DROP INDEX {_OWN}{name}",)
        case "trigger":
            return (f"DROP TRIGGER {quoted(name)} ON {table}",)
        case "grant":
            return (f"REVOKE ALL ON {table} FROM {_grantee(name, placement)}",)
        case _:
            return ()


def _other(difference: Difference, placement: Placement) -> tuple[str, ...]:
    table, name = f"{_OWN}{difference.table}", difference.name
    match difference.kind:
        case "index" if difference.found.removesuffix(" INVALID") == difference.expected:
            return (f"REINDEX INDEX {_OWN}{name}",)
        case "index" | "constraint":
            missing = Difference(difference.kind, difference.table, name, difference.expected, "")
            return (*_too_much(difference, placement), *_missing(missing, placement, ""))
        case "grant":
            grantee = _grantee(name, placement)
            return (
                f"REVOKE ALL ON {table} FROM {grantee}",
                f"GRANT {difference.expected} ON {table} TO {grantee}",
            )
        case "column":
            # Somebody has to decide what its data becomes.
            return alter_column(table, name, difference.expected, difference.found)
        case "table":
            return alter_table(table, difference.expected, difference.found)
        case _:
            return ()


def _own(name: str) -> str:
    return TENANT_PREFIX_MARK + name


def _grantee(name: str, placement: Placement) -> str:
    return name if name == "PUBLIC" else quoted(placement.role if name == "role" else name)
