"""A template tried on PostgreSQL: its tables made and filled, and everything taken back."""

from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from wabot.domain.migration import BASE, in_order
from wabot.domain.placement import prefix_placement
from wabot.domain.template import Template
from wabot.domain.tenant import Placement
from wabot.repositories.provisioning import shop_rows
from wabot.repositories.provisioning.failures import named_failures
from wabot.repositories.provisioning.migration_line import VERSION_TABLE_DDL, MigrationLine
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.rendering import quoted, render

_LIMITS = (
    "SELECT set_config('lock_timeout', '3s', true), set_config('statement_timeout', '60s', true)"
)
# Whatever the schema holds by a name that is not the tenant's own.
_STRANGERS = """
SELECT relname::text FROM pg_class
WHERE relnamespace = to_regnamespace(%(schema)s) AND left(relname, %(length)s) <> %(prefix)s
UNION ALL
SELECT conname::text FROM pg_constraint
WHERE connamespace = to_regnamespace(%(schema)s) AND contype <> 'n'
  AND left(conname, %(length)s) <> %(prefix)s
ORDER BY 1
"""
_OUTSIDE = """
SELECT c.conname::text FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid
WHERE c.connamespace = to_regnamespace(%(schema)s) AND f.relnamespace <> c.connamespace
"""


def try_template(
    engine: Engine, template: Template, line: MigrationLine, problems: Problems
) -> None:
    """Make a shop of the template in a schema that nobody else sees; note what goes wrong.

    With a prefix, so that both ways of naming a tenant's tables are tried at once.
    """
    scratch = uuid4()
    placement = _scratch(scratch)
    with named_failures(), engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(_LIMITS)
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted(placement.schema)}")
        if _make_tables(connection, template, line, placement, problems):
            _fill(connection, template, line, placement, problems)
        transaction.rollback()


def _scratch(scratch: UUID) -> Placement:
    shared = prefix_placement(scratch)
    return Placement(
        shared.isolation,
        schema=f"wabot_trial_{scratch.hex[:12]}",
        role=shared.role,
        prefix=shared.prefix,
    )


def _make_tables(
    connection: Connection,
    template: Template,
    line: MigrationLine,
    placement: Placement,
    problems: Problems,
) -> bool:
    _run(connection, VERSION_TABLE_DDL, placement)
    branches = dict.fromkeys((BASE, *template.modules))
    for revision in in_order(step for branch in branches for step in line.branch(branch)):
        try:
            _run(connection, line.steps_sql((revision,)), placement)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            problems.add(line.path_of(revision), 1, f"PostgreSQL refuses it: {_said(error)}")
            return False
    return True


def _fill(
    connection: Connection,
    template: Template,
    line: MigrationLine,
    placement: Placement,
    problems: Problems,
) -> None:
    home = line.versions_of(template.modules[0]) if template.modules else line.versions_of(BASE)
    assert home is not None
    values = {
        "schema": placement.schema,
        "prefix": placement.prefix,
        "length": len(placement.prefix),
    }
    for query, reason in (
        (_STRANGERS, "has no mark __wbp__ in its name"),
        (_OUTSIDE, "refers to something outside the tenant"),
    ):
        for (name,) in connection.exec_driver_sql(query, values):
            problems.add(home, 1, f"{name} {reason}")
    try:
        shop_rows.write_seed(connection, placement, template.seed(), uuid4)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        problems.add(home.parent, 1, f"PostgreSQL refuses its rows: {_said(error)}")


def _run(connection: Connection, sql: str, placement: Placement) -> None:
    connection.exec_driver_sql(render(sql, placement), execution_options={"no_parameters": True})


def _said(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
