"""`wabot db` and `alembic`, from the checkout, as an operator runs them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from tests.integration.central.revisions import HEAD

ROOT = Path(__file__).parents[3]

Run = Callable[..., subprocess.CompletedProcess[str]]


_WABOT = ("-c", "from wabot.cli import main; main()")
_ALEMBIC = ("-m", "alembic")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(
        *words: str, cwd: Path = tmp_path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return start


@pytest.fixture
def home() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="wb-") as folder:
        yield folder


def _document(done: subprocess.CompletedProcess[str]) -> Mapping[str, object]:
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def _wabot(run: Run, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(*_WABOT, *words, **environment)


def test_whatever_looks_into_a_database_without_tables_says_how_to_make_them(
    run: Run, home: str
) -> None:
    for command in (
        ("tenant", "list"),
        ("tenant", "migrate", "--all"),
        ("inbox", "list"),
        ("inbox", "files"),
        ("inbox", "replay", "don-pepe", "5215550100001"),
        ("alerts", "list"),
        ("audit", "list"),
        ("trace", "wamid.X"),
    ):
        done = _wabot(run, *command, "--json", WABOT_HOME=home)
        error = _document(done)["error"]
        assert isinstance(error, dict), command
        assert (done.returncode, error["code"]) == (3, "configuration"), command
        assert "wabot init" in error["hint"], command


def test_without_any_setting_an_upgrade_makes_a_database_that_is_then_ready(
    run: Run, home: str
) -> None:
    before = _document(_wabot(run, "db", "status", "--json", WABOT_HOME=home))
    assert before["next"] == ["wabot db upgrade"]
    done = _wabot(run, "db", "upgrade", WABOT_HOME=home)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"from nothing to {HEAD}" in done.stderr
    after = _document(_wabot(run, "db", "status", "--json", WABOT_HOME=home))
    assert (after["ok"], after["next"]) == (True, [])
    data = after["data"]
    assert isinstance(data, dict)
    assert data["where"].startswith("database wabot on /")
    assert data | {"where": "", "server_version": ""} == {
        "where": "",
        "embedded": True,
        "server_version": "",
        "revision": data["head"],
        "head": data["head"],
        "pending": [],
        "runtime_role": "ready",
        "runtime_role_problems": [],
        "clients": 0,
    }


def test_status_in_words_is_a_field_a_line(run: Run, central_url: str) -> None:
    done = _wabot(run, "db", "status", DATABASE_URL=central_url)
    fields = dict(line.split("\t") for line in done.stdout.splitlines())
    assert (done.returncode, fields["runtime_role"], fields["clients"]) == (0, "ready", "0")
    assert fields["pending"] == ""
    assert done.stderr == ""


def test_a_machine_that_only_serves_sees_the_status_and_may_not_upgrade(
    run: Run, runtime_url: str
) -> None:
    done = _wabot(run, "db", "status", "--json", RUNTIME_DATABASE_URL=runtime_url)
    data = _document(done)["data"]
    assert isinstance(data, dict)
    assert (data["embedded"], data["runtime_role"], data["clients"]) == (False, "ready", 0)
    refused = _wabot(run, "db", "upgrade", RUNTIME_DATABASE_URL=runtime_url)
    assert refused.returncode == 3
    assert "DATABASE_URL is not set" in refused.stderr


def test_an_upgrade_twice_says_that_there_was_nothing_to_do(run: Run, central_url: str) -> None:
    done = _wabot(run, "db", "upgrade", "--json", DATABASE_URL=central_url)
    found = _document(done)
    assert found["data"] == {"before": HEAD, "after": HEAD, "applied": []}


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("postgresql://ana:s3cret@127.0.0.1:1/wabot", 5, "Cannot connect to database wabot"),
        ("postgresql://ana:s3c@ret@db/x y", 3, "not one that PostgreSQL's libpq understands"),
    ],
)
def test_a_bad_url_is_explained_without_its_password(
    run: Run, url: str, code: int, said: str
) -> None:
    done = _wabot(run, "db", "status", DATABASE_URL=url)
    assert done.returncode == code
    assert said in done.stderr
    assert "s3c" not in done.stderr


def test_alembic_upgrades_and_checks_from_the_checkout(
    run: Run, make_database: Callable[..., str]
) -> None:
    url = make_database()
    for words in (("upgrade", "head"), ("check",), ("current",)):
        done = run(*_ALEMBIC, *words, cwd=ROOT, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
    assert f"{HEAD} (head)" in done.stdout
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from wabot.registry").fetchone() == (1,)
