"""libpq connection strings, URL or keyword form: read, changed, and used to connect."""

import re

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wabot.errors import ConfigurationError, DatabaseUnavailable, WabotError
from wabot.models.naming import RUNTIME_ROLE
from wabot.repositories import logins

Connection = psycopg.Connection[tuple[object, ...]]


def parameters_of(conninfo: str) -> dict[str, str]:
    """Return the parameters that the string gives."""
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    except psycopg.ProgrammingError:
        found = None
    if found is None or _is_torn(found):
        # libpq's own words may quote a part of the password.
        raise ConfigurationError(
            "A database URL is not one that PostgreSQL's libpq understands",
            hint="Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters of"
            " the password percent-encoded (@ as %40, / as %2F, # as %23, ? as %3F).",
        ) from None
    return found


def _is_torn(parameters: dict[str, str]) -> bool:
    """Tell whether a password with a bare / or @ was taken apart: its parts would be shown."""
    return (
        re.fullmatch(r"[0-9,]*", parameters.get("port", "")) is None
        or "@" in parameters.get("host", "")[1:]
        or "@" in parameters.get("dbname", "")
    )


def with_runtime_role(conninfo: str) -> str:
    """Return the same login, with the role wabot_runtime taken as the connection starts."""
    parameters = parameters_of(conninfo)
    given = parameters.get("options", "")
    parameters["options"] = f"{given} -c role={RUNTIME_ROLE}".strip()
    return make_conninfo("", **parameters)


def as_runtime_login(conninfo: str) -> str:
    """Return the way to the same database as the login wabot_runtime, without a password."""
    parameters = parameters_of(conninfo) | {"user": RUNTIME_ROLE}
    parameters.pop("password", None)
    return make_conninfo("", **parameters)


def for_one_connection(conninfo: str) -> str:
    """Return the string with the password that is made for one connection alone, if it has such.

    Blocking: see `wabot.repositories.logins`.
    """
    return make_conninfo("", **logins.with_password(parameters_of(conninfo)))


def describe(conninfo: str) -> str:
    """Tell where it leads, without the password."""
    given = parameters_of(conninfo)
    host = given.get("host") or given.get("hostaddr") or "the default host"
    port = given.get("port", "")
    where = f"{host} port {port}" if port else host
    return f"database {given.get('dbname') or '(default)'} on {where}"


def connect(conninfo: str, *, autocommit: bool = False) -> Connection:
    """Connect; a refused login, an unknown database or a silent server is explained.

    Nothing is prepared by name, so PgBouncer in transaction mode may stand between.
    """
    parameters = {"connect_timeout": "10", "application_name": "wabot", "client_encoding": "utf8"}
    parameters |= logins.with_password(parameters_of(conninfo))
    try:
        return psycopg.connect(
            make_conninfo("", **parameters), autocommit=autocommit, prepare_threshold=None
        )
    except psycopg.OperationalError as error:
        raise _explained(conninfo, parameters, error) from error


def ensure_database(conninfo: str) -> bool:
    """Make the database that the string names if the server has none of that name; tell whether."""
    parameters = {"connect_timeout": "10"} | parameters_of(conninfo)
    name = parameters.get("dbname", "")
    if not name or not _is_missing(parameters):
        return False
    elsewhere = make_conninfo("", **parameters | {"dbname": "postgres"})
    with connect(elsewhere, autocommit=True) as server:
        try:
            server.execute(
                sql.SQL("create database {} encoding 'UTF8' template template0").format(
                    sql.Identifier(name)
                )
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                f"There is no {describe(conninfo)}, and this login may not make it",
                hint=f'Make it as an administrator of that server: create database "{name}"'
                " encoding UTF8 template template0;",
            ) from error
    return True


def _explained(
    conninfo: str, parameters: dict[str, str], error: psycopg.OperationalError
) -> WabotError:
    where = describe(conninfo)
    database = parameters.get("dbname", "")
    if database and _is_missing(parameters):
        return ConfigurationError(
            f"There is no {where}",
            hint="If it was renamed, rename it back; if it was lost, restore it. A new one is made"
            f' by an administrator: create database "{database}" encoding UTF8 template template0;'
            f" (or: createdb --encoding=UTF8 --template=template0 {database})",
        )
    said = str(error).strip()
    return DatabaseUnavailable(
        f"Cannot connect to {where}: {said}",
        hint="Check that the server runs and is reached from here, and the user and password in"
        " DATABASE_URL (or RUNTIME_DATABASE_URL).",
        retryable=True,
    )


def _is_missing(parameters: dict[str, str]) -> bool:
    """Ask the server itself: its words are in its own language."""
    try:
        with psycopg.connect(make_conninfo("", **(parameters | {"dbname": "postgres"}))) as other:
            found = other.execute(
                "select 1 from pg_database where datname = %s", [parameters["dbname"]]
            ).fetchone()
    except psycopg.Error:
        return False
    return found is None
