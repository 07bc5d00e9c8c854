"""Homes for embedded servers, and processes that use them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.postgres.processes import ROOT, USE, User, can_run_the_programs
from wabot.gateways.embedded_postgres import EmbeddedPostgres


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty folder with a short path that other users can reach."""
    folder = Path(tempfile.mkdtemp(prefix="wb-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _made_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wb-"))
    with EmbeddedPostgres(folder).running():
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def ready(_made_home: Path) -> Callable[..., Path]:
    """Fill a folder as a home whose data folder is made already: faster than initdb."""

    def fill(folder: Path, owner: str | None = None) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["/bin/cp", "-a", f"{_made_home}/.", str(folder)], check=True)
        if owner:
            subprocess.run(["/bin/chown", "-R", owner, str(folder)], check=True)
            folder.chmod(0o755)
        return folder

    return fill


@pytest.fixture
def ready_home(home: Path, ready: Callable[..., Path]) -> Path:
    return ready(home)


@pytest.fixture
def use() -> Iterator[Callable[..., User]]:
    """Start a process that uses the server of a home, as this user or another."""
    users: list[User] = []

    def start(home: Path, *, name: str | None = None) -> User:
        user = User(
            subprocess.Popen(
                [sys.executable, "-c", USE, str(home), *([name] if name else [])],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        users.append(user)
        return user

    yield start
    for user in users:
        if user.process.poll() is None:
            user.leave()  # not killed: the last one out is to stop the server


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run the server as somebody else")


@pytest.fixture
def ordinary_users(as_root: None) -> tuple[str, str]:
    """Two ordinary users who can run PostgreSQL's programs."""
    found = [
        name for name in ("nobody", "daemon", "postgres", "www-data") if can_run_the_programs(name)
    ]
    if len(found) < 2:
        pytest.skip("no two ordinary users here can run PostgreSQL's programs")
    return found[0], found[1]
