"""Everything that makes a tenant's namespace, as one text with the marks in it."""

from functools import cache
from uuid import UUID

from sqlalchemy import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from wabot.domain.tenant import Placement
from wabot.models.naming import RUNTIME_ROLE, TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant import metadata
from wabot.repositories.provisioning.migration_line import head_revisions
from wabot.repositories.provisioning.rendering import quoted, render

VERSION_TABLE = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}alembic_version"
# As Alembic itself makes it.
_VERSION_TABLE_DDL = f"""\
CREATE TABLE {VERSION_TABLE} (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT {TENANT_PREFIX_MARK}alembic_version_pkc PRIMARY KEY (version_num)
)"""


@cache
def head_ddl() -> str:
    """Return all tables at their newest revision, marks in place, the revision written down.

    From the models, not by replaying revisions: a tenant is made in one round trip however long
    the line of revisions grows. A test proves that both give the same catalogue.
    """
    dialect = make_url("postgresql+psycopg://").get_dialect()()
    statements = [_VERSION_TABLE_DDL]
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    revisions = ", ".join(f"('{revision}')" for revision in head_revisions())
    # Revision ids are those of our own files.
    statements.append(f"INSERT INTO {VERSION_TABLE} (version_num) VALUES {revisions}")  # noqa: S608
    return ";\n".join(statements) + ";\n"


def ownership(client_id: UUID) -> str:
    """Return the comment that tells whose a schema or role is."""
    return f"wabot tenant={client_id}"


def creation_sql(placement: Placement, client_id: UUID, *, server_version: int) -> str:
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
    return before + render(head_ddl() + after, placement)
