"""One PostgreSQL for the whole run, a fresh migrated database for each test that asks for one.

The server is the one in DATABASE_URL, else an embedded one in a temporary folder, shared by all
pytest-xdist workers.
"""

import os
import secrets
import shutil
import signal
import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wabot.config import SETTINGS, Settings, load_settings
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.logs import hide
from wabot.repositories.central_schema import upgrade

_RUN, _HOME, _FILES = "TESTS_OF_WABOT_RUN", "TESTS_OF_WABOT_HOME", "TESTS_OF_WABOT_FILES"
_GIVEN_SERVER = os.environ.get("DATABASE_URL", "")
_RUNTIME_PASSWORD = "runtime of the tests"
# Nothing in a test outlives the server: no need to wait for the disk.
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

_ROOM = 6 * 2**30

# How long an example takes says more about a shared machine than about the code.
settings.register_profile("rules", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rules")


def pytest_xdist_auto_num_workers() -> int | None:
    """Run two tests more at once than there are processors: many wait, for leases and time-outs.

    Not twice as many: on a large machine the server's connections would run out.
    """
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None  # pytest-xdist takes the number given there
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, those with a time limit of their own: the run would end with them."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Begun in a script's background. Programs that are told to ignore Ctrl-C pass that on.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        return
    # Hundreds of processes are started: let the first one compile for all.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ[_RUN] = secrets.token_hex(4)
    if memory := _memory():
        # Tests make and copy whole servers, a thousand files each: on a disk that is most of the
        # run's system time. What pytest keeps of failed tests stays where it belongs, so that
        # place is looked up first.
        tempfile.gettempdir()
        os.environ[_FILES] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="wabot-", dir=memory)
        Path(os.environ[_FILES]).chmod(0o1777)
    if not _GIVEN_SERVER:
        # Short (a socket's path is limited) and passable for the server's user when root tests.
        os.environ[_HOME] = tempfile.mkdtemp(prefix="wabot-", dir=_memory())


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or _RUN not in os.environ:
        return
    if folder := os.environ.pop(_FILES, ""):
        shutil.rmtree(folder, ignore_errors=True)
    if _GIVEN_SERVER:
        with (
            suppress(psycopg.OperationalError),  # every test has said already that it is away
            psycopg.connect(_GIVEN_SERVER, autocommit=True) as server,
        ):
            _drop_database(server, _template_name())
    else:
        shutil.rmtree(os.environ.pop(_HOME), ignore_errors=True)
    del os.environ[_RUN]


def _memory() -> str | None:
    """A folder in memory with room for the server: a copied database is 8 MB to write."""
    shared = Path("/dev/shm")
    if not (shared.is_dir() and os.access(shared, os.W_OK | os.X_OK)):
        return None
    roomy = shutil.disk_usage(shared).free > _ROOM
    # Some tests run programs that they put there.
    return str(shared) if roomy and not os.statvfs(shared).f_flag & os.ST_NOEXEC else None


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep a developer's settings and `.env` out of the tests."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _nothing_hidden() -> Iterator[None]:
    """Forget the secrets that a command let this process mask: they would hide others' words."""
    yield
    hide([])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server, as a user who may make databases and roles."""
    if _GIVEN_SERVER:
        yield _GIVEN_SERVER
        return
    options = {**_FAST, "max_connections": "200"}
    with EmbeddedPostgres(Path(os.environ[_HOME]), options=options).running() as server:
        yield server.url("postgres")


@pytest.fixture(scope="session")
def _server(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def central_template(postgres_url: str, _server: psycopg.Connection) -> str:
    """A migrated database to copy; the first worker makes it, the others wait for it."""
    name = _template_name()
    lock = f"hashtextextended('{name}', 0)"
    _server.execute(f"select pg_advisory_lock({lock})")
    try:
        found = _server.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if found is None:
            unfinished = f"{name}_new"
            _server.execute(_create(unfinished))
            url = _in_database(postgres_url, unfinished)
            upgrade(url, runtime_conninfo=_as_runtime(url))
            _server.execute(
                sql.SQL("alter database {} rename to {}").format(
                    sql.Identifier(unfinished), sql.Identifier(name)
                )
            )
    finally:
        _server.execute(f"select pg_advisory_unlock({lock})")
    return name


@pytest.fixture(scope="session")
def as_runtime() -> Callable[[str], str]:
    """How the runtime reaches the database that an owner's URL names."""
    return _as_runtime


@pytest.fixture
def make_database(postgres_url: str, _server: psycopg.Connection) -> Iterator[Callable[..., str]]:
    """Make a database and return its owner's URL; `template` names one to copy."""
    made: list[str] = []

    def make(template: str = "template0") -> str:
        name = f"t{os.environ[_RUN]}_{secrets.token_hex(6)}"
        made.append(name)
        _server.execute(_create(name, template))
        return _in_database(postgres_url, name)

    yield make
    marks = [mark for name in made for mark in _tenants_of(_in_database(postgres_url, name))]
    for (name,) in _server.execute(_MARKED_DATABASES, [marks]).fetchall():
        _drop_database(_server, name)
    for name in made:
        _drop_database(_server, name)
    for (role,) in _server.execute(_MARKED_ROLES, [marks]).fetchall():
        _drop_role(_server, role)


@pytest.fixture
def central_url(make_database: Callable[..., str], central_template: str) -> str:
    """This test's own migrated central database, as its owner."""
    return make_database(central_template)


@pytest.fixture
def runtime_url(central_url: str) -> str:
    """The same database, as the login that `wabot serve` uses."""
    return _as_runtime(central_url)


@pytest.fixture
def environment(central_url: str, runtime_url: str, tmp_path: Path) -> dict[str, str]:
    """Every required setting, as variables for a process of its own."""
    return {
        "DATABASE_URL": central_url,
        "RUNTIME_DATABASE_URL": runtime_url,
        "WABOT_HOME": str(tmp_path / "home"),
        "WABOT_MASTER_KEY": urlsafe_b64encode(b"key of the tests, 32 bytes long.").decode(),
        "WHATSAPP_APP_ID": "100200300400500",
        "WHATSAPP_APP_SECRET": "secret of the tests",
        "WHATSAPP_VERIFY_TOKEN": "word of the tests",
        # Nothing answers there: no test asks Meta.
        "WHATSAPP_API_BASE": "http://127.0.0.1:1",
        "WABOT_QUIET_WINDOW": "0",
        "WABOT_RATE_LIMITS": "off",
        "WABOT_ADMIN_PORT": "0",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Every required setting."""
    return load_settings(environ=environment)


def _template_name() -> str:
    return f"t{os.environ[_RUN]}_template"


def _create(name: str, template: str = "template0") -> sql.Composed:
    return sql.SQL("create database {} template {} encoding 'UTF8'").format(
        sql.Identifier(name), sql.Identifier(template)
    )


def _in_database(url: str, name: str) -> str:
    return make_conninfo("", **conninfo_to_dict(url) | {"dbname": name})


def _as_runtime(url: str) -> str:
    login = {"user": "wabot_runtime", "password": _RUNTIME_PASSWORD}
    return make_conninfo("", **conninfo_to_dict(url) | login)


def _drop_database(server: psycopg.Connection, name: str) -> None:
    """Drop it, and the tenants' roles that had rights in it: roles belong to the whole server."""
    roles = server.execute(
        """
        select distinct r.rolname from pg_shdepend d
        join pg_roles r on d.refclassid = 'pg_authid'::regclass and r.oid = d.refobjid
        join pg_database b on b.oid = d.dbid
        where b.datname = %s and r.rolname like 'wabot\\_t\\_%%'
        """,
        [name],
    ).fetchall()
    server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    for (role,) in roles:
        _drop_role(server, role)


def _drop_role(server: psycopg.Connection, role: str) -> None:
    try:
        server.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
    except psycopg.errors.DependentObjectsStillExist:
        return  # it has tables in another database of the same test, dropped after this one


_MARKED_DATABASES = """
select datname from pg_database where shobj_description(oid, 'pg_database') = any(%s)
"""
_MARKED_ROLES = """
select rolname from pg_roles where shobj_description(oid, 'pg_authid') = any(%s)
"""


def _tenants_of(url: str) -> list[str]:
    """The marks on what belongs to the tenants of a central database: it may lie beside it."""
    with suppress(psycopg.Error), psycopg.connect(url) as central:
        rows = central.execute("select id from wabot.clients").fetchall()
        return [f"wabot tenant={client_id}" for (client_id,) in rows]
    return []
