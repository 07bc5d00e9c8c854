"""Everything that makes a tenant's namespace, as one text with the marks in it."""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from wabot.domain.migration import Revision, branch_of, in_order, parse_ledger
from wabot.domain.tenant import Isolation, Placement
from wabot.models.naming import RUNTIME_ROLE, TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant import metadata
from wabot.repositories.provisioning.migration_line import (
    VERSION_TABLE,
    VERSION_TABLE_DDL,
    MigrationLine,
    bundled_line,
    tables_made,
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
    versions = f"INSERT INTO {VERSION_TABLE} (version_num) VALUES {revisions};\n"
    return "".join((VERSION_TABLE_DDL, _base_ddl(), *map(line.ddl, modules), versions))


def ledger_ddl(ledger: str, line: MigrationLine) -> str:
    """Return all tables as they were at the ledger's revisions, by replaying those."""
    steps: list[Revision] = []
    for newest in parse_ledger(ledger):
        branch = line.branch(branch_of(newest))
        ids = [revision.id for revision in branch]
        steps += branch[: ids.index(newest) + 1]
    return VERSION_TABLE_DDL + line.steps_sql(in_order(steps))


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
    """Return the comment that tells whose a database, schema, table or role is."""
    return f"wabot tenant={client_id}"


def creation_sql(
    placement: Placement,
    client_id: UUID,
    *,
    server_version: int,
    modules: Iterable[str] = (),
    line: MigrationLine | None = None,
    role_exists: bool = False,
    to_owner: bool = False,
    ledger: str = "",
) -> str:
    """Return the whole namespace of a tenant: role, schema, rights, tables.

    `server_version` is the major version of PostgreSQL. A role that exists already serves the
    tenant's other places too. `to_owner` lets this login take the role as well, for a runtime that
    logs in as it: PostgreSQL asks the login, not the role it took, whether it may take another.
    `ledger` asks for the tables of earlier revisions instead of the newest.
    """
    schema, role = quoted(placement.schema), quoted(placement.role)
    comment = ownership(client_id)
    # Before 16 a membership has no options of its own: NOINHERIT of the login does the same.
    options = " WITH INHERIT FALSE, SET TRUE" if server_version >= 16 else ""
    login = quoted(placement.login or RUNTIME_ROLE)
    roles = f"CREATE ROLE {role} NOLOGIN;\nCOMMENT ON ROLE {role} IS '{comment}';\n"
    before = "" if role_exists else roles
    before += f"GRANT {role} TO {login}{options};\n"
    if to_owner:
        before += f"GRANT {role} TO CURRENT_USER{options};\n"
    line = line or bundled_line()
    tables = ledger_ddl(ledger, line) if ledger else head_ddl(modules, line)
    if placement.isolation is Isolation.PREFIX:
        # Everybody may look names up in the shared schema: a right for each tenant would make its
        # list of rights as long as the list of tenants. Rights are on tables, one by one.
        comment_on = f"COMMENT ON TABLE {VERSION_TABLE} IS '{comment}';\n"
        after = f"{comment_on}{table_rights(tables_made(tables), placement)};\n"
    else:
        before += f"""\
CREATE SCHEMA {schema};
COMMENT ON SCHEMA {schema} IS '{comment}';
GRANT USAGE ON SCHEMA {schema} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
"""
        after = f"REVOKE ALL ON {VERSION_TABLE} FROM {role};\n"
    return before + render(tables + after, placement)


def table_rights(tables: Iterable[str], placement: Placement) -> str:
    """Return the statement that gives a tenant's role its rights on tables, marks in place."""
    qualified = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}"
    named = ", ".join(f"{qualified}{name}" for name in tables if name != "alembic_version")
    return f"GRANT SELECT, INSERT, UPDATE, DELETE ON {named} TO {quoted(placement.role)}"
