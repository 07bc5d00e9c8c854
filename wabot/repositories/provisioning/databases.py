"""A tenant's own database: looked over before anything is done, made, marked, dropped."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Connection as CentralConnection

from wabot.domain.counted import counted
from wabot.domain.tenant import Placement
from wabot.errors import (
    ConfigurationError,
    Conflict,
    DatabaseUnavailable,
    ExternalFailure,
    Refused,
    WabotError,
)
from wabot.models.naming import CENTRAL_SCHEMA, RUNTIME_ROLE
from wabot.repositories.central_turn import OLDEST_SERVER
from wabot.repositories.conninfo import Connection, connect, describe
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.tenant_ddl import ownership

_MAINTENANCE = ("postgres", "template1")
# What was there before wabot came stays when the tenant goes.
_GIVEN = " given"
_OWNER = re.compile(r"wabot tenant=([0-9a-f-]{36})")


@dataclass(frozen=True, slots=True)
class Found:
    """What stands where the database is to be."""

    exists: bool
    is_ours: bool


_LOGIN = """
SELECT current_setting('server_version_num')::int / 10000, rolsuper OR rolcreaterole,
       rolsuper OR rolcreatedb, rolname::text
FROM pg_roles WHERE rolname = current_user
"""
_MAY_MAKE = """
SELECT (rolsuper OR rolcreaterole)
       AND has_database_privilege(current_database(), 'CREATE'), rolname::text
FROM pg_roles WHERE rolname = current_user
"""
_CONTENT = """
SELECT coalesce(shobj_description(d.oid, 'pg_database'), ''),
       array(SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace
             WHERE starts_with(obj_description(oid, 'pg_namespace'), 'wabot tenant=')),
       to_regclass(%(central)s) IS NOT NULL,
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'
          AND n.nspname !~ '^pg_' AND NOT EXISTS (
              SELECT 1 FROM pg_depend p WHERE p.objid = c.oid AND p.deptype = 'e')
          AND coalesce(obj_description(n.oid, 'pg_namespace'), '') <> %(ours)s),
       has_database_privilege(current_database(), 'CREATE')
FROM pg_database d WHERE d.datname = current_database()
"""


def survey(servers: Servers, client_id: UUID, placement: Placement) -> Found:
    """Look whether the database can be the client's; raise what stands in the way."""
    url = servers.owner_url(client_id, placement)
    where = describe(url)
    with _any_database(servers, client_id, placement) as server:
        login = server.execute(_LOGIN).fetchone()
        exists = server.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [placement.database]
        ).fetchone()
    assert login is not None
    version, may_make_roles, may_make_databases, user = login
    if int(str(version)) < OLDEST_SERVER:
        raise Refused(
            f"PostgreSQL {OLDEST_SERVER} or newer is needed; {where} is PostgreSQL {version}",
            hint="Nothing was changed.",
        )
    if not may_make_roles:
        raise Refused(
            f"{user} may not make roles in {where}; nothing was changed",
            hint=f'As an administrator of that server: alter role "{user}" createrole;',
        )
    if exists is None:
        if not may_make_databases:
            raise Refused(
                f"there is no {where}, and {user} may not make it; nothing was changed",
                hint=f'As an administrator of that server: create database "{placement.database}"'
                f' owner "{user}" encoding UTF8 template template0;',
            )
        return Found(exists=False, is_ours=False)
    with _named(where), connect(url, autocommit=True) as database:
        return Found(exists=True, is_ours=_inspect(servers, database, client_id, where, str(user)))


def check_central_login(connection: CentralConnection) -> None:
    """Refuse to make tenants as a login that may not, in the central database."""
    (allowed, user) = connection.exec_driver_sql(_MAY_MAKE).one()
    if not allowed:
        raise ConfigurationError(
            f"the login {user} of DATABASE_URL may not make roles and schemas; nothing was changed",
            hint="It needs CREATEROLE and CREATE on the database; the runtime's login has neither.",
        )


def make(servers: Servers, client_id: UUID, placement: Placement, password: str) -> None:
    """Make the database if it is missing, mark it, and let the runtime in, and nobody else.

    Each part changes nothing when it was done before. `password` is that of the placement's own
    login; on the central server the runtime has its login already.
    """
    found = survey(servers, client_id, placement)
    comment = ownership(client_id)
    if not found.exists:
        with _any_database(servers, client_id, placement) as server:
            server.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                    sql.Identifier(placement.database)
                )
            )
    elif not found.is_ours:
        comment += _GIVEN
    url = servers.owner_url(client_id, placement)
    with _named(describe(url)), connect(url) as database, database.transaction():
        name = sql.Identifier(placement.database)
        if placement.login:
            _make_login(database, client_id, placement.login, password)
        login = sql.Identifier(placement.login or RUNTIME_ROLE)
        if _is_owner(database):
            if not found.is_ours:
                database.execute(
                    sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(comment))
                )
            database.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            database.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, login))


def is_there(servers: Servers, client_id: UUID, placement: Placement) -> bool:
    """Tell whether the database exists, whoever made it."""
    with _any_database(servers, client_id, placement) as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [placement.database])
        return found.fetchone() is not None


def drop(servers: Servers, client_id: UUID, placement: Placement) -> bool:
    """Drop the database if wabot made it for the client; tell whether it is gone."""
    with _any_database(servers, client_id, placement) as server:
        found = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [placement.database],
        ).fetchone()
        if found is None:
            return True
        if found[0] != ownership(client_id):
            return False
        name = sql.Identifier(placement.database)
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    return True


def unmark(servers: Servers, client_id: UUID, placement: Placement) -> None:
    """Leave a database that was there before as it was found."""
    with connect(servers.owner_url(client_id, placement), autocommit=True) as database:
        name = sql.Identifier(placement.database)
        if placement.login and _role_exists(database, placement.login):
            database.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(
                    name, sql.Identifier(placement.login)
                )
            )
        if _is_owner(database):
            database.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(name))


def drop_roles(servers: Servers, client_id: UUID, placement: Placement) -> None:
    """Drop the client's roles on the placement's server, unless it has another place there."""
    with _any_database(servers, client_id, placement) as server:
        for role in filter(None, (placement.role, placement.login)):
            found = server.execute(
                "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s",
                [role],
            ).fetchone()
            if found is not None and found[0] == ownership(client_id):
                # Rights in another place keep it.
                with suppress(psycopg.errors.DependentObjectsStillExist):
                    server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _inspect(
    servers: Servers, database: Connection, client_id: UUID, where: str, user: str
) -> bool:
    """Tell whether the database is the client's already; refuse one that cannot become so."""
    row = database.execute(
        _CONTENT, {"central": f"{CENTRAL_SCHEMA}.clients", "ours": ownership(client_id)}
    ).fetchone()
    assert row is not None
    others: int
    comment, schemas, is_central, others, may_create = row  # type: ignore[assignment]  # a count
    marks = [str(comment), *(str(mark) for mark in schemas)]  # type: ignore[attr-defined]  # text[]
    others_there = {UUID(found[1]) for mark in marks if (found := _OWNER.match(mark))} - {client_id}
    if others_there:
        raise Conflict(
            f"the {where} is already that of tenant {', '.join(servers.slugs(others_there))};"
            " nothing was changed",
            hint="Name another database in --database-url; it is made if it is missing.",
        )
    if is_central:
        raise Refused(
            f"the {where} holds wabot's central tables; nothing was changed",
            hint="Name another database, or use --isolation schema.",
        )
    if others:
        raise Refused(
            f"the {where} holds {counted(others, 'table')} of something else; nothing was changed",
            hint="Name a database that is empty or missing.",
        )
    if not may_create:
        raise Refused(
            f"{user} may not create schemas in {where}; nothing was changed",
            hint=f'As its owner: grant create on database … to "{user}";',
        )
    return bool(comment)


def _any_database(servers: Servers, client_id: UUID, placement: Placement) -> Connection:
    """Connect to whichever database of the server lets this login in."""
    first: WabotError | None = None
    for name in (*_MAINTENANCE, placement.database):
        url = servers.owner_url(client_id, placement, database=name)
        try:
            return connect(url, autocommit=True)
        except (DatabaseUnavailable, ConfigurationError) as error:
            first = first or error
    assert first is not None
    raise ExternalFailure(
        f"{first.message}; nothing was changed",
        hint="Check --database-url, and the password by WABOT_DATABASE_PASSWORD,"
        " --database-password-file or at the prompt."
        if placement.server
        else first.hint,
        retryable=True,
    )


def _make_login(database: Connection, client_id: UUID, login: str, password: str) -> None:
    role = sql.Identifier(login)
    if not _role_exists(database, login):
        database.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(role))
        comment = sql.Literal(ownership(client_id))
        database.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, comment))
    # The verifier: logs may hold statements.
    verifier = database.pgconn.encrypt_password(password.encode(), login.encode()).decode()
    database.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(verifier)))


def _role_exists(connection: Connection, role: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return found.fetchone() is not None


def _is_owner(database: Connection) -> bool:
    found = database.execute(
        "SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database"
        " WHERE datname = current_database()"
    ).fetchone()
    return bool(found and found[0])


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Name what the server refused."""
    try:
        yield
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise Refused(f"the login lacks a right in {where}: {said}") from error
        raise ExternalFailure(f"{where}: {said}", retryable=True) from error
