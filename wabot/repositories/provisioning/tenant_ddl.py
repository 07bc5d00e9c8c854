"""Everything that makes a tenant's namespace, as one text with the marks in it."""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from wabot.domain.tenant import Placement
from wabot.models.naming import RUNTIME_ROLE
from wabot.models.tenant import metadata
from wabot.repositories.provisioning.migration_line import (
    VERSION_TABLE,
    VERSION_TABLE_DDL,
    MigrationLine,
    bundled_line,
)
from wabot.repositories.provisioning.rendering import quoted, render


def head_ddl(modules: Iterable[str] = (), line: MigrationLine | None = None) -> str:
    """Return all tables at their newest revision, marks in place, the revisions written down.

    The base from the models, not by replaying its revisions: a tenant is made in one round trip
    however long that line grows. A test proves that both give the same catalogue. The modules'
    tables are what their own revisions make.
    """
    line = line or bundled_line()
    modules = tuple(dict.fromkeys(modules))
    revisions = ", ".join(f"('{revision}')" for revision in line.heads(modules))
    # Revision ids are those of our own files.
    versions = f"INSERT INTO {VERSION_TABLE} (version_num) VALUES {revisions};\n"  # noqa: S608
    return "".join((VERSION_TABLE_DDL, _base_ddl(), *map(line.ddl, modules), versions))


@cache
def _base_ddl() -> str:
    dialect = make_url("postgresql+psycopg://").get_dialect()()
    statements = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return ";\n".join(statements) + ";\n"


def ownership(client_id: UUID) -> str:
    """Return the comment that tells whose a schema or role is."""
    return f"wabot tenant={client_id}"


def creation_sql(
    placement: Placement,
    client_id: UUID,
    *,
    server_version: int,
    modules: Iterable[str] = (),
    line: MigrationLine | None = None,
) -> str:
    """Return the whole namespace of a tenant in a schema of its own: role, schema, rights, tables.

    `server_version` is the major version of PostgreSQL.
    """
    schema, role = quoted(placement.schema), quoted(placement.role)
    # Before 16 a membership has no options of its own: NOINHERIT of the login does the same.
    options = " WITH INHERIT FALSE, SET TRUE" if server_version >= 16 else ""
    comment = ownership(client_id)
    before = f"""\
CREATE ROLE {role} NOLOGIN;
COMMENT ON ROLE {role} IS '{comment}';
GRANT {role} TO {quoted(RUNTIME_ROLE)}{options};
CREATE SCHEMA {schema};
COMMENT ON SCHEMA {schema} IS '{comment}';
GRANT USAGE ON SCHEMA {schema} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
"""
    after = f"REVOKE ALL ON {VERSION_TABLE} FROM {role};\n"
    return before + render(head_ddl(modules, line) + after, placement)
