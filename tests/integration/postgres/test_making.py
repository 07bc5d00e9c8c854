"""The data folder: made whole or made again, never lost, never mixed up."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.integration.postgres.processes import User, answers
from wabot.errors import ConfigurationError, DatabaseUnavailable
from wabot.gateways.embedded_postgres import EmbeddedPostgres

Use = Callable[..., User]
Ready = Callable[..., Path]


def test_a_home_that_does_not_exist_is_made_with_its_parents(home: Path) -> None:
    with EmbeddedPostgres(home / "data" / "wabot").running() as server:
        assert answers(server.url("postgres"))


def test_a_command_killed_while_it_makes_the_data_folder_leaves_no_trace(
    home: Path, use: Use
) -> None:
    killed = use(home)
    unfinished = home / "postgres" / "data.new"
    deadline = time.monotonic() + 30
    while not (unfinished / "PG_VERSION").exists():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    killed.kill()
    with EmbeddedPostgres(home).running() as server:
        assert answers(server.url("postgres"))
    assert not unfinished.exists()


def test_a_half_made_data_folder_is_made_again(home: Path) -> None:
    unfinished = home / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        shutil.chown(home / "postgres", "nobody")
    with EmbeddedPostgres(home).running() as server:
        assert answers(server.url("postgres"))
    assert not unfinished.exists()


def test_a_data_folder_that_is_none_is_put_aside_not_deleted(ready_home: Path) -> None:
    data = ready_home / "postgres" / "data"
    (data / "PG_VERSION").unlink()
    with EmbeddedPostgres(ready_home).running() as server:
        assert answers(server.url("postgres"))
    (aside,) = (ready_home / "postgres").glob("data.unusable-*")
    assert (aside / "base").is_dir()


def test_data_of_another_major_version_is_refused_and_left_alone(ready_home: Path) -> None:
    version = ready_home / "postgres" / "data" / "PG_VERSION"
    version.write_text("15\n")
    with (
        pytest.raises(ConfigurationError, match=r"made by PostgreSQL 15;.*runs PostgreSQL 1\d"),
        EmbeddedPostgres(ready_home).running(),
    ):
        pass
    assert version.read_text() == "15\n"


def test_a_home_that_cannot_be_made_is_named(home: Path) -> None:
    file = home / "file"
    file.touch()
    with (
        pytest.raises(ConfigurationError, match=f"WABOT_HOME {file}/wabot cannot be used") as no,
        EmbeddedPostgres(file / "wabot").running(),
    ):
        pass
    assert "DATABASE_URL" in no.value.hint


@pytest.mark.parametrize("name", ['it\'s a "home"; $HOME `id` ñandú 100%2F \\', "one,two"])
def test_a_home_of_any_name_works(home: Path, ready: Ready, name: str) -> None:
    with EmbeddedPostgres(ready(home / name)).running() as server:
        server.ensure_database("wabot")
        assert answers(server.url("wabot"))


def test_a_home_too_long_for_a_socket_works_and_leaves_nothing_behind(
    home: Path, ready: Ready
) -> None:
    long = ready(home / ("a" * 60) / ("b" * 60))
    with EmbeddedPostgres(long).running() as server:
        assert answers(server.url("postgres"))
        assert server.socket.parent == Path(tempfile.gettempdir())
        assert server.socket.stat().st_mode & 0o777 == 0o700
        with EmbeddedPostgres(long).running() as again:
            assert again.socket == server.socket
    assert not server.socket.exists()


def test_somebody_elses_folder_in_the_place_of_the_socket_is_refused(
    home: Path, ready: Ready
) -> None:
    long = ready(home / ("a" * 60) / ("b" * 60))
    with EmbeddedPostgres(long).running() as server:
        place = server.socket
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    place.symlink_to(elsewhere)
    try:
        with pytest.raises(ConfigurationError, match=str(place)), EmbeddedPostgres(long).running():
            pass
    finally:
        place.unlink()


def test_a_server_that_cannot_start_says_why(ready_home: Path) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match=r"did not start.*max_connections") as no,
        EmbeddedPostgres(ready_home, options={"max_connections": "0"}).running(),
    ):
        pass
    assert "server.log" in no.value.hint


@pytest.mark.parametrize("what", ["data", "programs"])
def test_a_full_disk_is_named(
    as_root: None, home: Path, what: str, request: pytest.FixtureRequest
) -> None:
    if what == "programs":
        request.getfixturevalue("closed_programs")
        home.chmod(0o755)  # where the server's user can run a copy
    small = home / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount a small disk here")
    try:
        with (
            pytest.raises(DatabaseUnavailable, match="No space left on device") as no,
            EmbeddedPostgres(small / "home").running(),
        ):
            pass
        assert "Make room" in no.value.hint
        assert shutil.disk_usage(small).free > 4_000_000, "what was half made is still there"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_lock_that_cannot_be_opened_is_named(ready_home: Path) -> None:
    lock = ready_home / "postgres" / "turn.lock"
    lock.unlink()
    lock.mkdir()
    with (
        pytest.raises(ConfigurationError, match=f"lock {lock} .* cannot be opened") as no,
        EmbeddedPostgres(ready_home).running(),
    ):
        pass
    assert "DATABASE_URL" in no.value.hint


def test_an_ordinary_database_error_of_the_block_passes_and_the_server_stops(
    ready_home: Path,
) -> None:
    with (
        pytest.raises(psycopg.errors.UndefinedTable),
        EmbeddedPostgres(ready_home).running() as server,
        psycopg.connect(server.url("postgres")) as connection,
    ):
        connection.execute("select * from nothing")
    assert not answers(server.url("postgres"))
