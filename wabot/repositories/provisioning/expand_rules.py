"""What a revision that claims to expand must not do: servers of the release before still run."""

import re
from collections.abc import Collection, Iterator

from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK

# Words in literals, comments and bodies of functions do nothing.
_QUIET = re.compile(r"'(?:[^']|'')*'|--[^\n]*|\$\$.*?\$\$", re.DOTALL)
_TABLE = re.compile(
    rf"\b(?:ALTER TABLE|INDEX \S+ ON)(?: IF EXISTS| ONLY)*"
    rf" {TENANT_SCHEMA_MARK}\.{TENANT_PREFIX_MARK}(\w+)",
    re.IGNORECASE,
)
_ANYWHERE = (
    (r"\bDROP TABLE\b", "drops a table"),
    (r"\bDROP (?:FUNCTION|VIEW|TYPE|SEQUENCE)\b", "drops what servers may use"),
    (r"\bTRUNCATE\b", "empties a table"),
    (r"\bRENAME\b", "renames"),
)
_ON_OLD_TABLES = (
    (r"\bDROP COLUMN\b", "drops a column"),
    (r"\bALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE\b", "changes the type of a column"),
    (r"\bSET NOT NULL\b", "makes a column NOT NULL"),
    (r"\bDROP DEFAULT\b", "takes a default away"),
    (r"\bADD CONSTRAINT\b(?!.*\bNOT VALID\b)", "adds a constraint to a table that is in use"),
    (r"\bCREATE UNIQUE INDEX\b", "makes a table that is in use stricter"),
    (
        r"\bADD COLUMN (?:(?!,\s*ADD\b).)*\bNOT NULL\b(?<!IS NOT NULL)",
        "adds a column that old servers do not fill",
    ),
)
_FILLED = re.compile(r"\b(?:DEFAULT|GENERATED)\b", re.IGNORECASE)


def contractions(sql: str, made: Collection[str]) -> Iterator[str]:
    """Yield what takes something away or makes it stricter; `made` are tables that are new."""
    for statement in _QUIET.sub("''", sql).split(";"):
        for pattern, what in _ANYWHERE:
            if re.search(pattern, statement, re.IGNORECASE):
                yield what
        target = _TABLE.search(statement)
        if target is None or target[1] in made:
            continue
        for pattern, what in _ON_OLD_TABLES:
            found = re.search(pattern, statement, re.IGNORECASE | re.DOTALL)
            if found and not ("ADD COLUMN" in found[0].upper() and _FILLED.search(statement)):
                yield f"{what}: {target[1]}"
