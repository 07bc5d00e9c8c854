"""Who runs the server, and that nothing outside WABOT_HOME changes for it."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.integration.postgres.processes import User, answers, connecting_as, postmaster
from wabot.errors import ConfigurationError, DatabaseUnavailable
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.gateways.embedded_postgres.account import CANDIDATES
from wabot.gateways.embedded_postgres.binaries import find_binaries

Use = Callable[..., User]
Ready = Callable[..., Path]


def _modes(*folders: Path) -> dict[Path, tuple[int, int, int, int]]:
    every = {parent for folder in folders for parent in (folder, *folder.parents)}
    found = {path: path.stat() for path in every}
    return {path: (s.st_mode, s.st_uid, s.st_gid, s.st_nlink) for path, s in found.items()}


def _owner_of_process(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_nothing_outside_the_home_is_touched(home: Path) -> None:
    programs = find_binaries().root
    before = _modes(home.parent, programs, programs / "bin", programs / "lib")
    with EmbeddedPostgres(home).running() as server:
        assert answers(server.url("postgres"))
    after = _modes(home.parent, programs, programs / "bin", programs / "lib")
    # Other tests come and go in the temporary folder: its count of folders is theirs.
    assert {p: m[:3] for p, m in after.items()} == {p: m[:3] for p, m in before.items()}


def test_only_the_servers_user_reaches_its_files_and_socket(home: Path) -> None:
    with EmbeddedPostgres(home / "wabot").running() as server:
        uid = _owner_of_process(postmaster(server.url("postgres")))
        assert (home / "wabot").stat().st_mode & 0o777 == (0o710 if os.geteuid() == 0 else 0o700)
        for folder in (server.socket, home / "wabot" / "postgres", home / "wabot/postgres/data"):
            assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, uid)


def test_root_runs_the_server_as_an_existing_unprivileged_user(
    as_root: None, ready_home: Path
) -> None:
    with EmbeddedPostgres(ready_home).running() as server:
        uid = _owner_of_process(postmaster(server.url("postgres")))
    assert pwd.getpwuid(uid).pw_name in CANDIDATES
    assert uid != 0


def test_two_ordinary_users_and_root_each_have_their_own_at_once(
    ordinary_users: tuple[str, str], home: Path, ready: Ready, use: Use
) -> None:
    home.chmod(0o755)
    urls = {}
    for name in (*ordinary_users, None):
        urls[name] = use(ready(home / (name or "root"), owner=name), name=name).url()
    pids = {name: postmaster(url) for name, url in urls.items()}
    assert len(set(pids.values())) == 3
    for name in ordinary_users:
        assert _owner_of_process(pids[name]) == pwd.getpwnam(name).pw_uid


def test_another_user_does_not_get_in(
    ordinary_users: tuple[str, str], home: Path, ready: Ready, use: Use
) -> None:
    home.chmod(0o755)
    one, other = ordinary_users
    own = ready(home / one, owner=one)
    url = use(own, name=one).url()
    assert "Permission denied" in connecting_as(other, url)
    assert connecting_as(one, url) == ""


def test_a_home_of_another_user_is_refused(
    ordinary_users: tuple[str, str], home: Path, ready: Ready, use: Use
) -> None:
    home.chmod(0o755)
    one, other = ordinary_users
    own = ready(home / one, owner=one)
    use(own, name=one).url()
    assert use(own, name=other).leave() != 0


def test_root_keeps_an_ordinary_users_home_usable_for_that_user(
    ordinary_users: tuple[str, str], home: Path, ready: Ready, use: Use
) -> None:
    name = ordinary_users[0]
    home.chmod(0o755)
    own = ready(home / "own", owner=name)
    with EmbeddedPostgres(own).running() as server:
        pid = postmaster(server.url("postgres"))
        assert _owner_of_process(pid) == pwd.getpwnam(name).pw_uid
        shared = use(own, name=name)
        assert postmaster(shared.url()) == pid
    assert shared.leave() == 0
    again = use(own, name=name)
    assert answers(again.url())
    assert again.leave() == 0
    with EmbeddedPostgres(own).running() as server:
        assert answers(server.url("postgres"))


def test_programs_that_the_servers_user_cannot_reach_are_copied_under_the_home(
    as_root: None, home: Path, closed_programs: Path
) -> None:
    for _ in range(2):
        with (
            EmbeddedPostgres(home).running() as server,
            psycopg.connect(server.url("postgres")) as connection,
        ):
            found = connection.execute(
                "select setting from pg_config where name = 'BINDIR' and setting like %s",
                [f"{home}/binaries-%"],
            ).fetchone()
            assert found is not None
    assert closed_programs.stat().st_mode & 0o777 == 0o700
    assert len(list(home.glob("binaries*"))) == 1


def test_root_may_keep_its_home_below_a_folder_closed_to_the_server(
    as_root: None, home: Path
) -> None:
    (home / "keys").write_text("private")
    with EmbeddedPostgres(home).running() as server:
        server.ensure_database("shop")
        with psycopg.connect(server.url("shop")) as connection:
            connection.execute("create table kept as select 1 as one")
        assert _owner_of_process(postmaster(server.url("shop"))) != 0
    assert home.stat().st_mode & 0o777 == 0o700
    with EmbeddedPostgres(home).running(), psycopg.connect(server.url("shop")) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


@pytest.fixture
def temporary(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty temporary folder that everybody can reach."""
    folder = home / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    home.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def private(home: Path) -> Path:
    """A folder that only its user may enter, below one that everybody may."""
    folder = home / "private"
    folder.mkdir(mode=0o700)
    return folder


def test_programs_and_home_may_both_be_closed_to_the_server(
    as_root: None, closed_programs: Path, temporary: Path, private: Path, ready: Ready
) -> None:
    ready(private / "wabot")
    for _ in range(2):
        with EmbeddedPostgres(private / "wabot").running() as server:
            assert answers(server.url("postgres"))
            (copy,) = temporary.iterdir()
            assert (copy.stat().st_mode & 0o777, copy.stat().st_uid) == (0o755, 0)
        assert list(temporary.iterdir()) == []
    assert private.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (private / "wabot").iterdir()] == ["postgres"]


def test_programs_that_a_killed_command_left_elsewhere_are_used_again(
    as_root: None, closed_programs: Path, temporary: Path, private: Path, ready: Ready
) -> None:
    with EmbeddedPostgres(ready(private / "wabot")).running():
        (copy,) = temporary.iterdir()
        shutil.copytree(copy, private / "left")
    (private / "left").rename(copy)
    (copy / "binaries.new").mkdir()  # killed while copying
    (program,) = copy.glob("binaries-*/*/*/bin/postgres")
    left = program.stat().st_ino
    with EmbeddedPostgres(private / "wabot").running() as server:
        assert answers(server.url("postgres"))
        assert program.stat().st_ino == left
    assert list(temporary.iterdir()) == []


def test_a_start_that_fails_leaves_no_programs_elsewhere(
    as_root: None, closed_programs: Path, temporary: Path, private: Path, ready: Ready
) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match="max_connections"),
        EmbeddedPostgres(ready(private / "wabot"), options={"max_connections": "0"}).running(),
    ):
        pass
    assert list(temporary.iterdir()) == []


def test_root_runs_no_programs_from_a_folder_that_somebody_else_made(
    as_root: None, closed_programs: Path, temporary: Path, private: Path, ready: Ready
) -> None:
    with EmbeddedPostgres(ready(private / "wabot")).running():
        (copy,) = temporary.iterdir()
    copy.mkdir()
    shutil.chown(copy, "nobody")
    with (
        pytest.raises(ConfigurationError, match=f"{copy} exists and belongs to somebody else"),
        EmbeddedPostgres(private / "wabot").running(),
    ):
        pass
    assert copy.is_dir()


def test_programs_home_and_temporary_folder_all_closed_to_the_server_are_refused(
    as_root: None, closed_programs: Path, temporary: Path, private: Path
) -> None:
    temporary.chmod(0o700)
    with (
        pytest.raises(ConfigurationError, match="cannot run the PostgreSQL programs") as no,
        EmbeddedPostgres(private / "wabot").running(),
    ):
        pass
    assert "/var/lib/wabot" in no.value.hint
