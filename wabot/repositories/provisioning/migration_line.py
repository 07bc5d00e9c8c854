"""The tenants' migrations: the base line, the branches of templates and modules, as marked SQL.

Alembic writes the SQL of a revision; it never runs one: its `op` is a global of the process, so
it cannot migrate several tenants at once. The version table is kept by the text itself, a row for
each branch that a tenant follows.
"""

import re
import runpy
from collections.abc import Iterable
from functools import cache
from io import StringIO
from pathlib import Path
from threading import Lock

from wabot.config import template_folders
from wabot.domain import migration
from wabot.domain.migration import BASE, Revision, RevisionKind
from wabot.errors import InvalidInput, UnknownChoice, WabotError
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.repositories.provisioning.expand_rules import contractions
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.revision_files import BRANCH_NAME, read_revisions

MODULES = "modules"
VERSION_TABLE = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}alembic_version"
# As Alembic itself makes it.
VERSION_TABLE_DDL = f"""\
CREATE TABLE {VERSION_TABLE} (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT {TENANT_PREFIX_MARK}alembic_version_pkc PRIMARY KEY (version_num)
);
"""
_TABLE = re.compile(
    rf"\b(CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?"
    rf"{TENANT_SCHEMA_MARK}\.{TENANT_PREFIX_MARK}(\w+)",
    re.IGNORECASE,
)

# Alembic's `op` is one for the whole process.
_WRITING = Lock()

# Alembic is imported where SQL is rendered: asking who is behind needs none of it.


class MigrationLine:
    """The branches found in folders laid out like `tenant_templates`; the first holds `base`.

    A branch is `NAME/versions` of a template or `modules/NAME/versions` of a module.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders or template_folders()
        self._branches: dict[str, tuple[tuple[Revision, Path], ...]] = {}
        self._sql: dict[str, str] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return where branches are looked for."""
        return self._folders

    def versions_of(self, branch: str) -> Path | None:
        """Return the folder of a branch's revisions; None when there is none."""
        if branch == BASE:
            return self._folders[0] / BASE / "versions"
        if not BRANCH_NAME.fullmatch(branch):
            # Ids of revisions begin with the branch's name.
            return None
        for folder in self._folders:
            for home, mark in (
                (folder / branch, "template.toml"),
                (folder / MODULES / branch, "module.toml"),
            ):
                if (home / mark).is_file() and any((home / "versions").glob("*.py")):
                    return home / "versions"
        return None

    def modules(self) -> tuple[str, ...]:
        """Return the names of all branches but the base line, sorted."""
        found = {
            home.parent.name
            for folder in self._folders
            for home in (*folder.glob("*/versions"), *folder.glob(f"{MODULES}/*/versions"))
        }
        return tuple(sorted(name for name in found - {BASE} if self.versions_of(name)))

    def branch(self, name: str) -> tuple[Revision, ...]:
        """Return a branch's revisions, oldest first; UnknownChoice when there is no such branch."""
        return tuple(revision for revision, _ in self._read(name))

    def heads(self, modules: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the newest revision of the base line and of each module, sorted."""
        return migration.heads(self.branch, modules)

    def pending(self, ledger: str) -> tuple[Revision, ...]:
        """Return what a tenant at this ledger lacks, in order."""
        return migration.pending(self.branch, ledger)

    def path_of(self, revision: Revision) -> Path:
        """Return the file of a revision."""
        return dict(self._read(revision.branch))[revision]

    def sql(self, revision: Revision) -> str:
        """Return what a revision does, as SQL with the marks in it."""
        if revision.id not in self._sql:
            path = self.path_of(revision)
            sql = _write_sql(path)
            if revision.kind is RevisionKind.EXPAND:
                _refuse_contractions(path, sql)
            self._sql[revision.id] = sql
        return self._sql[revision.id]

    def steps_sql(self, revisions: Iterable[Revision]) -> str:
        """Return the revisions one after the other, each with its move of the version table."""
        return "".join(
            f"-- {revision.id}\n{self.sql(revision)}{_version_move(revision)}"
            for revision in revisions
        )

    def new_tables(self, revisions: Iterable[Revision]) -> tuple[str, ...]:
        """Return the tables that the revisions make, without marks."""
        return tables_made("".join(map(self.sql, revisions)))

    def ddl(self, module: str) -> str:
        """Return all that a module's branch makes, without the version table."""
        return "".join(self.sql(revision) for revision in self.branch(module))

    def tables(self, module: str) -> tuple[str, ...]:
        """Return the tables that a branch leaves, in the order of their making."""
        return tables_made(self.ddl(module))

    def _read(self, name: str) -> tuple[tuple[Revision, Path], ...]:
        if name not in self._branches:
            folder = self.versions_of(name)
            if folder is None:
                raise UnknownChoice(
                    f"there is no module or template with tables of its own called {name!r}",
                    hint="Lower-case letters, digits and _, at most 27; looked for in "
                    + ", ".join(map(str, self._folders)),
                )
            problems = Problems()
            found = read_revisions(name, folder, problems)
            if not found:
                problems.add(folder, 1, "there is no revision here")
            problems.raise_any(f"The migrations of {name}")
            self._branches[name] = found
        return self._branches[name]


def bundled_line() -> MigrationLine:
    """Return the line that wabot comes with, and the operator's own branches."""
    return _line_of(template_folders())


@cache
def _line_of(folders: tuple[Path, ...]) -> MigrationLine:
    return MigrationLine(*folders)


def head_revisions(modules: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the newest revision of the base line and of each module, sorted."""
    return bundled_line().heads(modules)


def upgrade_sql(*modules: str, line: MigrationLine | None = None) -> str:
    """Return every revision of the base line and of the modules: an empty namespace to the head."""
    line = line or bundled_line()
    steps = (step for name in dict.fromkeys((BASE, *modules)) for step in line.branch(name))
    return VERSION_TABLE_DDL + line.steps_sql(migration.in_order(steps))


def tables_made(sql: str) -> tuple[str, ...]:
    """Return the tables that a marked text makes and does not drop again, without marks."""
    made: dict[str, None] = {}
    for verb, table in _TABLE.findall(sql):
        if verb.upper() == "CREATE":
            made[table] = None
        else:
            made.pop(table, None)
    return tuple(made)


def _version_move(revision: Revision) -> str:
    # Revision ids were checked when read: nothing to quote.
    if not revision.previous:
        return f"INSERT INTO {VERSION_TABLE} (version_num) VALUES ('{revision.id}');\n"
    return (
        f"UPDATE {VERSION_TABLE} SET version_num = '{revision.id}'"
        f" WHERE version_num = '{revision.previous}';\n"
    )


def _refuse_contractions(path: Path, sql: str) -> None:
    found = sorted(set(contractions(sql, tables_made(sql))))
    if found:
        raise InvalidInput(
            f"{path}: it says that it expands, and {', '.join(found)}",
            hint='Servers of the release before still run: say kind = "contract", in a later'
            " release.",
        )


def _write_sql(path: Path) -> str:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    output = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": output, "literal_binds": True},
    )
    try:
        with _WRITING, Operations.context(context):
            runpy.run_path(str(path))["upgrade"]()
    except WabotError:
        raise
    except Exception as error:
        raise InvalidInput(
            f"{path}: the revision cannot be written as SQL: {type(error).__name__}: {error}",
            hint="A tenant's revision is SQL only: it reads nothing from the database.",
        ) from error
    return output.getvalue()
