"""The central schema: brought to this version's revision, and looked at."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, insert, update
from sqlalchemy.exc import DBAPIError

from wabot.config import bundled
from wabot.errors import ConfigurationError, Refused
from wabot.models.central import audit_log, registry
from wabot.models.naming import RUNTIME_ROLE
from wabot.repositories.central_roles import ensure_runtime_role, runtime_role_problems
from wabot.repositories.central_turn import migration_engine, upgrade_turn
from wabot.repositories.conninfo import describe, parameters_of
from wabot.repositories.engines import database_errors

T = TypeVar("T")

# What a migration calls (`op`, `context`) are globals of Alembic's modules.
_alembic = threading.Lock()
_TRIES = 8
_PAUSE = 0.5
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_NEWER = (
    "A newer wabot upgraded this database, and lets this version's servers go on for now; nothing"
    " was changed. Install that version here as well."
)
# Roles belong to the whole server, the turn to one database: another database's upgrade may be
# changing them. "tuple concurrently updated" comes as an internal error.
_BUSY_ROLES = (
    *_BUSY,
    psycopg.errors.InternalError_,
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateObject,
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the central schema."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did."""

    before: str
    after: str
    applied: tuple[Revision, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CentralStatus:
    """How the central database stands. `clients` is None while there are no tables.

    `known` is whether this version knows the revision; `served` whether its servers may serve on
    it, even if a newer version made it: what that says of the runtime's login is not judged here.
    """

    where: str
    server_version: str
    revision: str
    head: str
    pending: tuple[Revision, ...]
    known: bool
    served: bool
    runtime_problems: tuple[str, ...]
    clients: int | None


def upgrade(conninfo: str, *, runtime_conninfo: str = "", actor: str = "") -> Upgrade:
    """Bring the central database to this version's schema and set up the runtime's login.

    Idempotent, and safe to run several times at once. `runtime_conninfo` is the runtime's login
    when it has one of its own; its password becomes the role's. What it changed is audited as the
    act of `actor`, if one is named.
    """
    password = _runtime_password(runtime_conninfo)
    engine = migration_engine(conninfo)
    with database_errors(conninfo), upgrade_turn(engine):
        scripts = _scripts()
        before = _read(engine, _revision)
        if before and before not in _ids(scripts) and _read(engine, _oldest) in _ids(scripts):
            # A machine that is upgraded later than others comes by here before it starts.
            return Upgrade(before, before, (), (_NEWER,))
        applied = _after(scripts, before, describe(conninfo))
        oldest = _serves_from(scripts)
        if applied:
            # Before: a server that starts meanwhile must not take what is contracted for its own.
            _again(lambda: _change(engine, lambda changed: _note_oldest(changed, oldest)), _BUSY)
            _again(lambda: _migrate(engine), _BUSY)

        def set_up(connection: Connection) -> tuple[str, ...]:
            _note_oldest(connection, oldest)
            wrong = runtime_role_problems(connection)
            said = ensure_runtime_role(
                connection, password=password, taken_by_owner=not runtime_conninfo
            )
            if actor and (applied or wrong):
                steps = [step.id for step in applied]
                details: dict[str, object] = {"from": before, "applied": steps}
                if not applied:
                    # Of new tables it could not have any rights yet.
                    details["runtime_login"] = list(wrong)
                connection.execute(
                    insert(audit_log).values(actor=actor, action="db.upgrade", details=details)
                )
            return said

        warnings = _again(lambda: _change(engine, set_up), _BUSY_ROLES)
        return Upgrade(before, _read(engine, _revision), applied, warnings)


def status(conninfo: str) -> CentralStatus:
    """Look at the central database; any login may, and nothing is changed."""
    scripts = _scripts()
    with database_errors(conninfo), migration_engine(conninfo).connect() as connection:
        revision = _revision(connection)
        known = not revision or revision in _ids(scripts)
        served = known or _oldest(connection) in _ids(scripts)
        return CentralStatus(
            where=describe(conninfo),
            server_version=str(connection.exec_driver_sql("show server_version").scalar_one()),
            revision=revision,
            head=scripts.get_current_head() or "",
            pending=_after(scripts, revision, "") if known else (),
            known=known,
            served=served,
            runtime_problems=runtime_role_problems(connection) if known else (),
            clients=_count_clients(connection) if revision else None,
        )


def _runtime_password(runtime_conninfo: str) -> str:
    if not runtime_conninfo:
        return ""
    given = parameters_of(runtime_conninfo)
    # Some poolers want a suffix: wabot_runtime.project, wabot_runtime@server.
    user = given.get("user", "").replace("@", ".").partition(".")[0]
    if user != RUNTIME_ROLE:
        raise ConfigurationError(
            f"RUNTIME_DATABASE_URL logs in as {user or 'nobody in particular'}",
            hint=f"Its user must be {RUNTIME_ROLE}, with a password of your choice:"
            " `wabot db upgrade` makes that login.",
        )
    return given.get("password", "")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _migrate(engine: Engine) -> None:
    with _alembic, engine.connect() as connection:
        command.upgrade(_config(connection), "head")


def _ids(scripts: ScriptDirectory) -> set[str]:
    return {script.revision for script in scripts.walk_revisions()}


def _after(scripts: ScriptDirectory, revision: str, where: str) -> tuple[Revision, ...]:
    """Return the steps that follow a revision, the first one first."""
    if revision and revision not in _ids(scripts):
        raise Refused(
            f"The {where} is at revision {revision}, which this wabot does not know",
            hint="A newer wabot upgraded it. Install that version or a later one.",
        )
    steps = list(scripts.iterate_revisions("heads", revision or "base"))
    return tuple(
        Revision(script.revision, (script.doc or "").split("\n", 1)[0]) for script in steps[::-1]
    )


def _serves_from(scripts: ScriptDirectory) -> str:
    """Return the oldest revision whose servers may serve on the head: all after it expand."""
    for script in scripts.walk_revisions():
        if getattr(script.module, "kind", "") != "expand":
            return script.revision
    raise AssertionError("the first revision expands nothing")


# Of tables from before there was such a column it is null.
_OLDEST = "select to_jsonb(r) ->> 'serves_from' from wabot.registry r"


def _oldest(connection: Connection) -> str:
    return connection.exec_driver_sql(_OLDEST).scalar_one_or_none() or ""


def _note_oldest(connection: Connection, oldest: str) -> None:
    """Keep it, where there is a place for it."""
    exists = connection.exec_driver_sql("select to_regclass('wabot.registry') is not null")
    if exists.scalar_one() and connection.exec_driver_sql(_OLDEST).scalar_one() not in {
        None,
        oldest,
    }:
        connection.execute(update(registry).values(serves_from=oldest))


def _revision(connection: Connection) -> str:
    exists = connection.exec_driver_sql("select to_regclass('wabot.alembic_version') is not null")
    if not exists.scalar_one():
        return ""
    found = connection.exec_driver_sql("select version_num from wabot.alembic_version")
    return found.scalar_one_or_none() or ""


def _count_clients(connection: Connection) -> int:
    return int(connection.exec_driver_sql("select count(*) from wabot.clients").scalar_one())


def _read(engine: Engine, question: Callable[[Connection], T]) -> T:
    with engine.connect() as connection:
        return question(connection)


def _change(engine: Engine, act: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return act(connection)


def _again(act: Callable[[], T], passing: tuple[type[psycopg.Error], ...]) -> T:
    """Do it again after errors that pass by themselves."""
    for attempt in range(1, _TRIES):
        try:
            return act()
        except DBAPIError as error:
            if not isinstance(error.orig, passing):
                raise
            time.sleep(_PAUSE * attempt)
    return act()
