"""`db upgrade`: the same end from wherever it starts, however often and at once it runs."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.integration.central.revisions import REVISIONS
from wabot.config import bundled
from wabot.errors import ConfigurationError, DatabaseUnavailable, Refused
from wabot.models.alerting import metadata
from wabot.repositories import central_schema
from wabot.repositories.central_roles import RIGHTS, verify_runtime_login
from wabot.repositories.central_schema import status, upgrade
from wabot.repositories.conninfo import with_runtime_role
from wabot.repositories.engines import open_engine

MakeDatabase = Callable[..., str]


def _with(url: str, **changes: str) -> str:
    return make_conninfo("", **conninfo_to_dict(url) | changes)


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


# What Alembic's comparison does not see: CHECKs, predicates and methods of indexes, identities.
_DETAILS = """
select 'column', c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
       a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'wabot'::regnamespace and c.relkind = 'r'
union all
select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'wabot'::regnamespace
union all
select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'wabot'
"""


def _details(url: str) -> set[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(_DETAILS).fetchall()
    return {row for row in rows if "alembic_version" not in f"{row[1]}"}


def test_the_migrations_make_exactly_the_tables_of_the_models(
    central_url: str, make_database: MakeDatabase
) -> None:
    from_models = make_database()
    _execute(from_models, "create schema wabot")
    metadata.create_all(open_engine(from_models))
    assert _details(central_url) == _details(from_models)


def test_alembic_sees_no_difference_between_models_and_migrations(central_url: str) -> None:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == "wabot",
        "version_table_schema": "wabot",
        "compare_server_default": True,
    }
    with open_engine(central_url).connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_every_central_table_has_its_rights_decided() -> None:
    assert set(RIGHTS) == {table.name for table in metadata.tables.values()} | {"alembic_version"}


def test_the_registry_has_its_row(central_url: str) -> None:
    with psycopg.connect(central_url) as connection:
        rows = connection.execute("select id, version from wabot.registry").fetchall()
    assert rows == [(True, 0)]


def test_a_second_upgrade_changes_nothing(make_database: MakeDatabase) -> None:
    url = make_database()
    first = upgrade(url)
    before = _details(url)
    again = upgrade(url)
    assert [step.id for step in first.applied] == REVISIONS
    assert (first.before, again.before, again.after) == ("", first.after, first.after)
    assert again.applied == ()
    assert _details(url) == before
    assert status(url).runtime_problems == ()


def test_upgrades_at_once_end_as_one(make_database: MakeDatabase) -> None:
    url = make_database()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(upgrade, [url] * 4))
    assert sorted(len(each.applied) for each in done) == [0, 0, 0, len(REVISIONS)]
    assert {each.after for each in done} == {status(url).head}


def test_upgrades_of_several_databases_of_one_server_do_not_disturb_each_other(
    make_database: MakeDatabase,
) -> None:
    """They change the same role: roles belong to the whole server."""
    urls = [make_database() for _ in range(4)]
    runtimes = [_with(url, user="wabot_runtime", password="runtime of the tests") for url in urls]
    with ThreadPoolExecutor(4) as pool:
        for url, runtime in zip(urls, runtimes, strict=True):
            pool.submit(upgrade, url, runtime_conninfo=runtime)
    assert [status(url).runtime_problems for url in urls] == [()] * 4


def test_rights_that_were_changed_by_hand_are_put_right(central_url: str) -> None:
    _execute(
        central_url,
        "grant update on wabot.clients to wabot_runtime",
        "grant update (name) on wabot.clients to wabot_runtime",
        "revoke update (token_expires_at) on wabot.clients from wabot_runtime",
        "revoke insert on wabot.inbox from wabot_runtime",
    )
    assert status(central_url).runtime_problems == (
        "UPDATE on clients is too much",
        "INSERT on inbox is missing",
        "UPDATE of token_expires_at of clients is missing",
        "UPDATE of name of clients is too much",
    )
    upgrade(central_url)
    assert status(central_url).runtime_problems == ()


def test_a_database_open_to_everybody_is_closed(make_database: MakeDatabase) -> None:
    url = make_database()
    _execute(url, "grant create on schema public to public")
    assert upgrade(url).warnings == ()
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select has_schema_privilege('wabot_runtime', 'public', 'CREATE')"
        ).fetchone()
    assert found == (False,)


def test_an_upgrade_waits_for_a_lock_only_so_long(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(central_schema, "_TRIES", 1)
    url = make_database()
    with psycopg.connect(url) as other:
        other.execute("create schema wabot")
        with pytest.raises(DatabaseUnavailable, match="Gave up waiting") as gave_up:
            upgrade(url)
    assert gave_up.value.retryable
    assert upgrade(url).after == status(url).head


def test_an_upgrade_that_was_in_the_way_of_a_lock_is_tried_again(central_url: str) -> None:
    with psycopg.connect(central_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("revoke usage on schema wabot from wabot_runtime")
        upgrading = pool.submit(upgrade, central_url)
        with pytest.raises(TimeoutError):
            upgrading.result(timeout=3.5)
        other.rollback()
        assert upgrading.result(timeout=60).applied == ()


def test_a_database_that_does_not_exist_is_named_with_the_command_that_makes_it(
    postgres_url: str,
) -> None:
    url = _with(postgres_url, dbname="not_there")
    with pytest.raises(ConfigurationError, match="There is no database not_there on") as missing:
        upgrade(url)
    assert 'create database "not_there"' in missing.value.hint


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://ana:s3cret@/wabot?host={tmp_path}"
    with pytest.raises(DatabaseUnavailable, match=f"database wabot on {tmp_path}") as refused:
        upgrade(url)
    assert "s3cret" not in refused.value.message + refused.value.hint


@pytest.fixture
def owner_url(postgres_url: str, make_database: MakeDatabase) -> Iterator[str]:
    """A database that belongs to an ordinary role, which may make roles and nothing else."""
    url = make_database()
    name = f"wabot_owner_{token_hex(4)}"
    database = conninfo_to_dict(url)["dbname"]
    _execute(
        postgres_url,
        f"create role {name} login createrole password 'owner'",
        f"alter database {database} owner to {name}",
    )
    yield _with(url, user=name, password="owner")
    _execute(url, f"drop owned by {name} cascade")
    _execute(postgres_url, f"alter database {database} owner to current_user", f"drop role {name}")


def test_an_ordinary_owner_is_enough(owner_url: str) -> None:
    """The role exists already here, and another role made it: an administrator."""
    done = upgrade(owner_url)
    assert done.applied
    found = status(owner_url)
    assert (found.runtime_problems, found.clients) == ((), 0)


def test_an_owner_who_may_not_make_roles_is_told_what_to_run(
    own_server: str,
) -> None:
    _execute(
        own_server,
        "create role plain login",
        "create database shop owner plain",
    )
    with pytest.raises(ConfigurationError, match="may not set up the runtime's role") as no:
        upgrade(_with(own_server, dbname="shop", user="plain"))
    assert "create role wabot_runtime login noinherit" in no.value.hint
    _execute(own_server, "create role wabot_runtime login noinherit")
    done = upgrade(_with(own_server, dbname="shop", user="plain"))
    assert "may not take the role" in done.warnings[0]
    _execute(own_server, "alter role wabot_runtime createdb")
    with pytest.raises(ConfigurationError, match="may not set up") as no:
        upgrade(_with(own_server, dbname="shop", user="plain"))
    assert "alter role wabot_runtime nocreatedb" in no.value.hint


def test_an_ordinary_owner_makes_the_role_and_takes_it(own_server: str) -> None:
    _execute(own_server, "create role boss login createrole", "create database shop owner boss")
    owner = _with(own_server, dbname="shop", user="boss")
    assert upgrade(owner).warnings == ()
    verify_runtime_login(with_runtime_role(owner))
    with psycopg.connect(with_runtime_role(owner)) as runtime:
        found = runtime.execute("select session_user, current_user").fetchone()
    assert found == ("boss", "wabot_runtime")
    verify_runtime_login(_with(owner, user="wabot_runtime"))
    with pytest.raises(ConfigurationError, match="as boss, which is the owner of the central"):
        verify_runtime_login(owner)


def test_the_runtime_refuses_to_be_a_superuser(central_url: str, runtime_url: str) -> None:
    verify_runtime_login(runtime_url)
    verify_runtime_login(with_runtime_role(central_url))
    with pytest.raises(ConfigurationError, match="which is a superuser") as no:
        verify_runtime_login(central_url)
    assert "wabot_runtime" in no.value.hint


def test_before_the_first_upgrade_the_runtime_is_told_to_upgrade(
    make_database: MakeDatabase,
) -> None:
    url = make_database()
    with pytest.raises(ConfigurationError, match="There are no central tables") as no:
        verify_runtime_login(_with(url, user="wabot_runtime", password="runtime of the tests"))
    assert no.value.hint == "Run: wabot db upgrade"


def test_a_runtime_url_of_another_user_is_refused(central_url: str) -> None:
    with pytest.raises(ConfigurationError, match="RUNTIME_DATABASE_URL logs in as ana"):
        upgrade(central_url, runtime_conninfo="postgresql://ana@db.example/wabot")


def test_the_password_of_the_runtime_url_becomes_the_roles_and_is_never_sent_in_clear(
    own_server: str,
) -> None:
    _execute(
        own_server,
        "create database shop",
        "alter system set log_statement = 'all'",
        "select pg_reload_conf()",
    )
    runtime = _with(own_server, dbname="shop", user="wabot_runtime", password="s3cret'ñ\\")
    upgrade(_with(own_server, dbname="shop"), runtime_conninfo=runtime)
    with psycopg.connect(own_server) as server:
        stored = server.execute(
            "select rolpassword from pg_authid where rolname = 'wabot_runtime'"
        ).fetchone()
        log = server.execute("select pg_read_file('../server.log')").fetchone()
    assert stored is not None
    assert str(stored[0]).startswith("SCRAM-SHA-256$")
    assert log is not None
    assert "alter role wabot_runtime password 'SCRAM" in str(log[0])
    assert "s3cret" not in str(log[0])


def test_the_runtime_logs_in_with_that_password_where_one_is_asked_for(own_server: str) -> None:
    _execute(own_server, "create database shop")
    url = _with(own_server, dbname="shop")
    runtime = _with(url, user="wabot_runtime", password="s3cret")
    upgrade(url, runtime_conninfo=runtime)
    with psycopg.connect(own_server, autocommit=True) as server:
        server.execute("create table hba (line text)")
        server.execute("insert into hba values ('local all postgres trust')")
        server.execute("insert into hba values ('local all all scram-sha-256')")
        server.execute("copy hba to '/proc/self/cwd/pg_hba.conf'")
        server.execute("select pg_reload_conf()")
        server.execute("select pg_sleep(0.2)")
    verify_runtime_login(runtime)
    with pytest.raises(DatabaseUnavailable):
        verify_runtime_login(_with(url, user="wabot_runtime", password="wrong"))


def _upgraded_by_a_newer_one(url: str, serves_from: str) -> None:
    _execute(
        url,
        "update wabot.alembic_version set version_num = '9999'",
        f"update wabot.registry set serves_from = '{serves_from}'",
        "create table wabot.of_the_newer_one (id int)",
        "grant select on wabot.of_the_newer_one to wabot_runtime",
    )


def test_tables_that_a_newer_version_only_expanded_still_serve_this_one(central_url: str) -> None:
    _upgraded_by_a_newer_one(central_url, REVISIONS[-1])
    found = status(central_url)
    assert (found.known, found.served, found.runtime_problems) == (False, True, ())
    before = _details(central_url)
    done = upgrade(central_url)
    assert (done.before, done.after, done.applied) == ("9999", "9999", ())
    assert "Install that version here as well" in done.warnings[0]
    assert _details(central_url) == before


def test_tables_that_a_newer_version_contracted_are_refused(central_url: str) -> None:
    _upgraded_by_a_newer_one(central_url, "9998")
    assert (status(central_url).known, status(central_url).served) == (False, False)
    with pytest.raises(Refused, match="at revision 9999, which this wabot does not know"):
        upgrade(central_url)


def test_the_upgrade_keeps_the_oldest_revision_that_only_expanding_ones_follow(
    central_url: str,
) -> None:
    kinds = {step: _source(step) for step in REVISIONS}
    oldest = max(step for step, text in kinds.items() if 'kind = "expand"' not in text)
    with psycopg.connect(central_url) as connection:
        assert connection.execute("select serves_from from wabot.registry").fetchone() == (oldest,)
    _execute(central_url, "update wabot.registry set serves_from = ''")
    upgrade(central_url)
    with psycopg.connect(central_url) as connection:
        assert connection.execute("select serves_from from wabot.registry").fetchone() == (oldest,)


def test_every_revision_since_says_whether_it_expands_and_then_takes_nothing_away() -> None:
    takes = re.compile(
        r"op\.(drop|rename|alter_column|create_unique|create_check|create_foreign)|\b(DROP|RENAME|"
        r"REVOKE|TRUNCATE|SET NOT NULL)\b",
        re.IGNORECASE,
    )
    for step in REVISIONS[REVISIONS.index("0008") :]:
        text = _source(step)
        kind = re.search(r'^kind = "(expand|contract)"$', text, re.MULTILINE)
        assert kind, step
        assert kind[1] == "contract" or not takes.search(text), step


def _source(step: str) -> str:
    (path,) = bundled("migrations").glob(f"versions/{step}_*.py")
    return path.read_text(encoding="utf-8")
