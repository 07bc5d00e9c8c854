"""A run that is stopped or killed leaves whole shops and none half made; the next one goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.bulk.conftest import Write, shop
from tests.integration.tenants.conftest import Cli

Connection = psycopg.Connection[Any]
Start = Callable[..., subprocess.Popen[str]]
ROWS = 60


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start `wabot` as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("wabot"), *words],
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def counts(central: Connection) -> tuple[int, int, int]:
    """Clients, their schemas, and their roles."""
    found = central.execute(
        """
        select (select count(*) from wabot.clients),
               (select count(*) from pg_namespace where nspname ~ '^t_'),
               (select count(*) from pg_roles r join wabot.clients c
                on shobj_description(r.oid, 'pg_authid') = 'wabot tenant=' || c.id)
        """
    ).fetchone()
    assert found is not None
    return found


def wait_for(central: Connection, clients: int) -> None:
    give_up = time.monotonic() + 60
    while counts(central)[0] < clients:
        assert time.monotonic() < give_up
        time.sleep(0.02)


def settled(central: Connection) -> tuple[int, int, int]:
    """What stands once the killed process's connections are gone."""
    query = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and application_name = 'wabot'"
    )
    give_up = time.monotonic() + 30
    while central.execute(query).fetchone() != (0,):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    return counts(central)


def test_after_a_kill_the_shops_are_whole_and_the_next_run_makes_the_rest(
    start: Start, cli: Cli, central: Connection, write: Write
) -> None:
    path = str(write(*(shop(n) for n in range(ROWS))))
    process = start("tenant", "create", "--from", path, "--jobs", "3")
    wait_for(central, 5)
    process.kill()
    process.wait()
    clients, schemas, roles = settled(central)
    assert 5 <= clients < ROWS
    assert clients == schemas == roles
    done = cli("tenant", "create", "--from", path, "--jobs", "3")
    assert done.exit_code == 0, done.stderr
    assert f"{ROWS - clients} created, {clients} already there" in done.stderr
    assert counts(central) == (ROWS, ROWS, ROWS)


def test_an_interruption_ends_the_shops_at_work_and_says_how_to_go_on(
    start: Start, central: Connection, write: Write
) -> None:
    path = str(write(*(shop(n) for n in range(ROWS))))
    process = start("tenant", "create", "--from", path, "--jobs", "2")
    wait_for(central, 3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command again goes on" in told
    clients, schemas, roles = counts(central)
    assert 3 <= clients < ROWS
    assert clients == schemas == roles
