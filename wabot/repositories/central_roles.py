"""The login `wabot_runtime`, and what it may do with the central tables."""

from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from wabot.errors import ConfigurationError, DatabaseUnavailable
from wabot.models.naming import CENTRAL_SCHEMA, RUNTIME_ROLE
from wabot.repositories.conninfo import connect, describe

_CHANGE = "select, insert, update, delete"

# Every central table stands here: a new one gets its rights by decision. Only a contracting
# revision may take one away: servers of the version before still use it.
RIGHTS = {
    "clients": "select",
    # Deleted once the token that replaced it has sent something.
    "previous_tokens": "select, delete",
    "sending_pauses": _CHANGE,
    "plan_overrides": "select",
    "plan_prices": "select",
    "registry": "select",
    "inbox": _CHANGE,
    "conversations": _CHANGE,
    "timers": _CHANGE,
    "media": _CHANGE,
    "numbers": _CHANGE,
    "usage": _CHANGE,
    "usage_refresh": "select, update",
    "usage_waiting": _CHANGE,
    "alerts": _CHANGE,
    # The rule "backup too old" reads them.
    "backups": "select",
    "alert_channels": _CHANGE,
    "alert_notices": _CHANGE,
    "alert_silences": "select, delete",
    "alert_rounds": _CHANGE,
    "traffic": _CHANGE,
    "busy_hours": _CHANGE,
    "processes": _CHANGE,
    "checks": _CHANGE,
    "audit_log": "insert",
    "alembic_version": "select",
}
# Of tables that it may not change: what its own checks learn.
UPDATED_COLUMNS = {"clients": ("token_checked_at", "token_expires_at")}

# Attributes of the role as pg_roles shows them, and the words that set them.
_ATTRIBUTES = {
    "rolcanlogin": (True, "login"),
    "rolinherit": (False, "noinherit"),
    "rolsuper": (False, "nosuperuser"),
    "rolcreatedb": (False, "nocreatedb"),
    "rolcreaterole": (False, "nocreaterole"),
    "rolreplication": (False, "noreplication"),
    "rolbypassrls": (False, "nobypassrls"),
}
_AS_ADMINISTRATOR = "As an administrator of the server run: "


def ensure_runtime_role(
    connection: Connection, *, password: str, taken_by_owner: bool
) -> tuple[str, ...]:
    """Make the role, or correct it, with exactly the rights it needs; return what it could not do.

    `taken_by_owner`: the runtime logs in as this connection's user and takes the role.
    """
    warnings = []
    wrong = _wrong_attributes(connection)
    if wrong is None:
        _or_explain(connection, f"create role {RUNTIME_ROLE} login noinherit")
    elif wrong:
        _or_explain(connection, f"alter role {RUNTIME_ROLE} {' '.join(wrong)}")
    if password and not _try(connection, _password_statement(connection, password)):
        warnings.append(
            f"This login may not set the password of {RUNTIME_ROLE}; an administrator is to set"
            " it to the one in RUNTIME_DATABASE_URL."
        )
    _grant_tables(connection)
    if not _may(connection, "has_database_privilege(%s, current_database(), 'CONNECT')"):
        database = connection.exec_driver_sql("select current_database()").scalar_one()
        _or_explain(connection, f'grant connect on database "{database}" to {RUNTIME_ROLE}')
    warnings += _close_public(connection)
    if taken_by_owner:
        warnings += _let_owner_take_it(connection)
    return tuple(warnings)


def runtime_role_problems(connection: Connection) -> tuple[str, ...]:
    """Name what is wrong with the role: nothing when `db upgrade` would change nothing."""
    wrong = _wrong_attributes(connection)
    if wrong is None:
        return (f"the role {RUNTIME_ROLE} does not exist",)
    problems = [f"the role is to be {word}" for word in wrong]
    parameters = {"schema": CENTRAL_SCHEMA, "role": RUNTIME_ROLE}
    has = {table: set(rights) for table, rights in connection.exec_driver_sql(_GRANTED, parameters)}
    for table in sorted(RIGHTS | has):
        wanted = set(RIGHTS.get(table, "").upper().split(", ")) - {""}
        found = has.get(table, set())
        problems += [f"{right} on {table} is missing" for right in sorted(wanted - found)]
        problems += [f"{right} on {table} is too much" for right in sorted(found - wanted)]
    wanted_columns = {
        ("UPDATE", table, column) for table, names in UPDATED_COLUMNS.items() for column in names
    }
    granted = {
        (*map(str, row),) for row in connection.exec_driver_sql(_GRANTED_COLUMNS, parameters)
    }
    for word, columns in (
        ("missing", wanted_columns - granted),
        ("too much", granted - wanted_columns),
    ):
        problems += [f"{right} of {name} of {of} is {word}" for right, of, name in sorted(columns)]
    return tuple(problems)


def verify_runtime_login(conninfo: str) -> None:
    """Refuse a login under which PostgreSQL would not stop a tenant's bug at its own tables."""
    try:
        connection = connect(conninfo, autocommit=True)
    except DatabaseUnavailable as error:
        error.hint += f" `wabot db upgrade` makes the login {RUNTIME_ROLE}."
        raise
    with connection:
        row = connection.execute(_LOGIN, {"schema": CENTRAL_SCHEMA}).fetchone()
    assert row is not None
    user, superuser, too_mighty, owner, exists = row
    where = describe(conninfo)
    if superuser or too_mighty or owner:
        what = (
            "a superuser"
            if superuser
            else "the owner of the central tables"
            if owner
            else "a role that may create roles or bypass row security"
        )
        raise ConfigurationError(
            f"The runtime logs in to {where} as {user}, which is {what}",
            hint=f"Run `wabot db upgrade`, then set RUNTIME_DATABASE_URL to a login as"
            f" {RUNTIME_ROLE}. (A pooler that drops the startup parameter `options` has the same"
            " effect.)",
        )
    if not exists:
        raise ConfigurationError(
            f"There are no central tables in {where}", hint="Run: wabot db upgrade"
        )


_LOGIN = """
select current_user, r.rolsuper, r.rolcreaterole or r.rolbypassrls,
       coalesce(pg_has_role(current_user, n.nspowner, 'MEMBER'), false), n.oid is not null
from pg_roles r left join pg_namespace n on n.nspname = %(schema)s
where r.rolname = current_user
"""

_GRANTED = """
select c.relname, array_agg(a.privilege_type)
from pg_class c, aclexplode(c.relacl) a
where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind in ('r', 'p', 'v', 'm')
  and a.grantee = (select oid from pg_roles where rolname = %(role)s)
group by c.relname
"""

_GRANTED_COLUMNS = """
select a.privilege_type, c.relname, t.attname
from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
where c.relnamespace = to_regnamespace(%(schema)s) and not t.attisdropped
  and a.grantee = (select oid from pg_roles where rolname = %(role)s)
"""


def _wrong_attributes(connection: Connection) -> list[str] | None:
    """Return the words that would correct the role; None when there is no such role."""
    found = (
        connection.exec_driver_sql("select * from pg_roles where rolname = %s", (RUNTIME_ROLE,))
        .mappings()
        .one_or_none()
    )
    if found is None:
        return None
    return [word for name, (wanted, word) in _ATTRIBUTES.items() if found[name] is not wanted]


def _grant_tables(connection: Connection) -> None:
    """Give exactly the rights of the table above; in a transaction, so never fewer meanwhile."""
    connection.exec_driver_sql(
        f"revoke all on all tables in schema {CENTRAL_SCHEMA} from {RUNTIME_ROLE}"
    )
    connection.exec_driver_sql(f"grant usage on schema {CENTRAL_SCHEMA} to {RUNTIME_ROLE}")
    for table, rights in RIGHTS.items():
        connection.exec_driver_sql(f"grant {rights} on {CENTRAL_SCHEMA}.{table} to {RUNTIME_ROLE}")
    for table, columns in UPDATED_COLUMNS.items():
        connection.exec_driver_sql(
            f"grant update ({', '.join(columns)}) on {CENTRAL_SCHEMA}.{table} to {RUNTIME_ROLE}"
        )


def _close_public(connection: Connection) -> list[str]:
    """Let nobody make tables in `public`: databases from before PostgreSQL 15 allow everybody."""
    exists = connection.exec_driver_sql("select to_regnamespace('public') is not null").scalar_one()
    may = "has_schema_privilege(%s, 'public', 'CREATE')"
    if not exists or not _may(connection, may):
        return []
    revoke = "revoke create on schema public from public"
    if _try(connection, revoke) and not _may(connection, may):
        return []
    return [f"Every login may create tables in the schema public. {_AS_ADMINISTRATOR}{revoke};"]


def _let_owner_take_it(connection: Connection) -> list[str]:
    """Let this login take the role: whoever creates a role may not do that by itself."""
    modern = connection.dialect.server_version_info
    newer = modern is not None and modern >= (16,)
    if _may_take(connection, newer=newer):
        return []
    options = " with inherit false, set true" if newer else ""
    grant = f"grant {RUNTIME_ROLE} to current_user{options}"
    if _try(connection, grant) and _may_take(connection, newer=newer):
        return []
    return [
        f"The user of DATABASE_URL may not take the role {RUNTIME_ROLE}: set RUNTIME_DATABASE_URL."
    ]


def _may_take(connection: Connection, *, newer: bool) -> bool:
    mode = "SET" if newer else "MEMBER"
    return _may(connection, f"pg_has_role(current_user, %s::name, '{mode}')")


def _may(connection: Connection, question: str) -> bool:
    return bool(connection.exec_driver_sql(f"select {question}", (RUNTIME_ROLE,)).scalar_one())


def _password_statement(connection: Connection, password: str) -> str:
    """Return a statement that carries the password's verifier: logs may hold statements."""
    driver: Any = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    verifier = driver.pgconn.encrypt_password(password.encode(), RUNTIME_ROLE.encode())
    literal = sql.Literal(verifier.decode()).as_string(driver)
    return f"alter role {RUNTIME_ROLE} password {literal}"


def _try(connection: Connection, statement: str) -> bool:
    """Run a statement; False when this login has not the right to."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            return False
        raise
    return True


def _or_explain(connection: Connection, statement: str) -> None:
    if not _try(connection, statement):
        raise ConfigurationError(
            f"This login may not set up the runtime's role {RUNTIME_ROLE}",
            hint=f"{_AS_ADMINISTRATOR}{statement}; then try again."
            " (Or give the login of DATABASE_URL the right: alter role … createrole;)",
        )
