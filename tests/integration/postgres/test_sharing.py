"""Several commands share one embedded server; the last one out stops it, whatever happened."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.integration.postgres.processes import User, answers, postmaster
from wabot.gateways.embedded_postgres import EmbeddedPostgres

Use = Callable[..., User]


def test_it_starts_keeps_its_data_and_is_stopped_after_use(ready_home: Path) -> None:
    with EmbeddedPostgres(ready_home).running() as server:
        url = server.url("shop")
        server.ensure_database("shop")
        server.ensure_database("shop")
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select 'leche y pan' as what")
            assert connection.execute("show listen_addresses").fetchone() == ("",)
            assert connection.execute("show fsync").fetchone() == ("on",)
            assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
    assert not answers(url)
    with EmbeddedPostgres(ready_home).running(), psycopg.connect(url) as connection:
        assert connection.execute("select what from kept").fetchone() == ("leche y pan",)


def test_starting_again_takes_little_time(ready_home: Path) -> None:
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        with EmbeddedPostgres(ready_home).running():
            took.append(time.perf_counter() - begin)
    assert min(took) < 1, took  # 0.05 s on an idle machine


def test_a_second_command_shares_the_server_and_the_last_one_out_stops_it(
    ready_home: Path, use: Use
) -> None:
    first, second = use(ready_home), use(ready_home)
    url = first.url()
    assert second.url() == url
    server = postmaster(url)
    assert first.leave() == 0
    assert postmaster(url) == server
    assert second.leave() == 0
    assert not answers(url)


def test_two_threads_of_one_process_share_it_too(ready_home: Path) -> None:
    together = threading.Barrier(2, timeout=60)

    def work(_: int) -> int:
        with EmbeddedPostgres(ready_home).running() as server:
            together.wait()
            return postmaster(server.url("postgres"))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, range(2))
    assert first == second


def test_many_commands_at_once_make_and_share_one_server(home: Path, use: Use) -> None:
    users = [use(home) for _ in range(5)]
    urls = {user.url() for user in users}
    assert len(urls) == 1
    url = urls.pop()
    assert len({postmaster(url) for _ in users}) == 1
    with ThreadPoolExecutor(len(users)) as pool:
        assert list(pool.map(User.leave, users)) == [0] * len(users)
    assert not answers(url)


def test_a_killed_command_does_not_keep_the_server_alive(ready_home: Path, use: Use) -> None:
    killed, other = use(ready_home), use(ready_home)
    url = killed.url()
    assert other.url() == url
    killed.kill()
    assert answers(url)
    other.leave()
    assert not answers(url)


def test_a_server_that_everybody_was_killed_from_is_found_again(ready_home: Path, use: Use) -> None:
    killed = use(ready_home)
    url = killed.url()
    server = postmaster(url)
    killed.kill()
    with EmbeddedPostgres(ready_home).running():
        assert postmaster(url) == server
    assert not answers(url)


def test_a_killed_server_is_started_again(ready_home: Path, use: Use) -> None:
    holder = use(ready_home)
    url = holder.url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept ()")
    os.kill(postmaster(url), signal.SIGKILL)
    with EmbeddedPostgres(ready_home).running(), psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux writes a whole disk at once")
def test_after_a_crash_files_are_not_written_out_one_by_one(ready_home: Path) -> None:
    with (
        EmbeddedPostgres(ready_home).running() as server,
        psycopg.connect(server.url("postgres")) as found,
    ):
        row = found.execute("SHOW recovery_init_sync_method").fetchone()
    assert row == ("syncfs",)


def test_a_stale_process_id_that_is_in_use_again_does_not_matter(ready_home: Path) -> None:
    data, run = ready_home / "postgres" / "data", ready_home / "postgres" / "run"
    stale = f"{os.getpid()}\n{data}\n1\n5432\n../run\n\n\nready\n"
    (data / "postmaster.pid").write_text(stale)
    (run / ".s.PGSQL.5432.lock").write_text(stale)
    with EmbeddedPostgres(ready_home).running() as server:
        assert answers(server.url("postgres"))


def test_ctrl_c_ends_the_command_not_the_server(ready_home: Path, use: Use) -> None:
    interrupted, other = use(ready_home), use(ready_home)
    url = interrupted.url()
    assert other.url() == url
    server = postmaster(url)
    os.killpg(interrupted.process.pid, signal.SIGINT)
    assert interrupted.leave() != 0
    assert postmaster(url) == server
    other.leave()
    assert not answers(url)


def test_open_sessions_do_not_delay_the_stop(ready_home: Path) -> None:
    with EmbeddedPostgres(ready_home).running() as server:
        forgotten = psycopg.connect(server.url("postgres"))
        begin = time.perf_counter()
    assert time.perf_counter() - begin < 10
    forgotten.close()


def test_two_homes_have_two_servers(ready_home: Path, use: Use) -> None:
    with EmbeddedPostgres(ready_home).running() as one:
        other = use(ready_home / "another")
        assert postmaster(one.url("postgres")) != postmaster(other.url())
        other.leave()
        assert answers(one.url("postgres"))


def test_the_callers_postgres_variables_do_not_reach_the_server(
    ready_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PGPORT", "6000"), ("PGDATA", "/nowhere"), ("PGHOST", "db.example")):
        monkeypatch.setenv(name, value)
    with EmbeddedPostgres(ready_home).running() as server:
        assert answers(server.url("postgres"))


def test_a_watched_server_that_dies_is_started_again(ready_home: Path) -> None:
    with EmbeddedPostgres(ready_home).running(watched=True) as server:
        url = server.url("postgres")
        first = postmaster(url)
        os.kill(first, signal.SIGKILL)
        until = time.monotonic() + 30
        while not answers(url) and time.monotonic() < until:
            time.sleep(0.1)
        assert postmaster(url) != first
    assert not answers(url)
