"""What a branch of migrations may do, seen in the SQL that its revisions write."""

import re
from collections.abc import Iterator
from pathlib import Path

from wabot.domain.migration import Revision
from wabot.errors import InvalidInput
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.repositories.provisioning.migration_line import MigrationLine, tables_made
from wabot.repositories.provisioning.problems import Problems

# With a prefix of 16 before it, PostgreSQL keeps 63.
_LONGEST = 46
_OWN = rf"{TENANT_SCHEMA_MARK}\.{TENANT_PREFIX_MARK}"
_MARKED = re.compile(rf"{TENANT_PREFIX_MARK}(\w+)")
_CHANGED = re.compile(
    rf"\b(?:ALTER TABLE|DROP TABLE|TRUNCATE|UPDATE|INSERT INTO|DELETE FROM)"
    rf"(?: IF EXISTS| ONLY)* {_OWN}(\w+)",
    re.IGNORECASE,
)
_UNMARKED_TABLE = (
    r"\b(?:(?:CREATE|ALTER|DROP) TABLE|REFERENCES|INSERT INTO|DELETE FROM|INDEX \S+ ON)"
    rf"(?: IF(?: NOT)? EXISTS| ONLY)* (?!{_OWN}|IF |ONLY )([\w.]+)"
)
_UNMARKED_INDEX = (
    rf"\bCREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(?!{TENANT_PREFIX_MARK}|IF |CONCURRENTLY)(\w+)"
)
_UNMARKED_CONSTRAINT = rf"\bCONSTRAINT (?!{TENANT_PREFIX_MARK})(\w+)"
# A pattern that must not be found, and the reason.
_FORBIDDEN = (
    (_UNMARKED_TABLE, 'table {found}: write it with schema="tenant" and the mark __wbp__'),
    (_UNMARKED_INDEX, "index {found} has no mark __wbp__"),
    (_UNMARKED_CONSTRAINT, "constraint {found} has no mark __wbp__"),
    (r"\b(CONCURRENTLY)\b", "{found}: a revision is one transaction"),
    (r"\b((?:BIG|SMALL)?SERIAL)\b", "{found}: use an identity column"),
)


def check_branch(line: MigrationLine, branch: str, problems: Problems) -> None:
    """Note every revision that cannot be written as SQL or does what a branch may not."""
    own: set[str] = set()
    for revision in line.branch(branch):
        path = line.path_of(revision)
        try:
            sql = line.sql(revision)
        except InvalidInput as error:
            problems.add(path, 1, error.message.removeprefix(f"{path}: "))
            continue
        own |= set(tables_made(sql))
        for reason in _broken_rules(sql, own):
            problems.add(path, _line_of(path, reason), reason)
    _check_dependencies(line, line.branch(branch), problems)


def _broken_rules(sql: str, own: set[str]) -> Iterator[str]:
    told: set[str] = set()
    for pattern, reason in _FORBIDDEN:
        for match in re.finditer(pattern, sql, re.IGNORECASE):
            told.add(reason.format(found=match[1]))
    for name in _MARKED.findall(sql):
        if len(name) > _LONGEST:
            told.add(f"the name {name} is longer than {_LONGEST} characters")
    for table in _CHANGED.findall(sql):
        if table not in own:
            told.add(f"changes {table}, a table that this branch does not make")
    yield from sorted(told)


def _check_dependencies(
    line: MigrationLine, revisions: tuple[Revision, ...], problems: Problems
) -> None:
    for revision in revisions:
        for needed in revision.depends_on:
            try:
                known = {other.id for other in line.branch(needed.rpartition("_")[0])}
            except InvalidInput:
                known = set()
            if needed not in known:
                path = line.path_of(revision)
                problems.add(
                    path, _line_of(path, "depends_on"), f"depends_on: there is no {needed}"
                )


def _line_of(path: Path, reason: str) -> int:
    """Return the first line that holds one of the reason's longer words, such as a name."""
    words = [word for word in re.findall(r"\w+", reason) if "_" in word and word != "__wbp__"]
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((n for n, text in enumerate(lines, 1) if any(w in text for w in words)), 1)
