"""Homes for embedded servers, and processes that use them."""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.postgres.processes import ROOT, USE, User, can_run
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.gateways.embedded_postgres.account import account_for
from wabot.gateways.embedded_postgres.binaries import Binaries, copy_programs, find_binaries


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
        subprocess.run(["/bin/cp", "-a", f"{_made_home}/postgres", str(folder)], check=True)
        if owner:
            subprocess.run(["/bin/chown", "-R", owner, str(folder)], check=True)
            folder.chmod(0o755)
        return folder

    return fill


@pytest.fixture
def ready_home(home: Path, ready: Callable[..., Path]) -> Path:
    return ready(home)


@pytest.fixture(scope="session")
def programs_for_all() -> Iterator[Binaries]:
    """PostgreSQL's programs where every user can run them, wherever the environment is."""
    original = find_binaries()
    if can_run("nobody", original):
        yield original
        return
    site = Path(tempfile.mkdtemp(prefix="wb-"))
    copy_programs(original, site)
    yield Binaries(site / original.root.parent.name / original.root.name, original.major)
    shutil.rmtree(site)


@pytest.fixture
def use(programs_for_all: Binaries) -> Iterator[Callable[..., User]]:
    """Start a process that uses the server of a home, as this user or another."""
    users: list[User] = []
    site = str(programs_for_all.root.parent.parent)

    def start(home: Path, *, name: str | None = None) -> User:
        user = User(
            subprocess.Popen(
                [sys.executable, "-c", USE, str(home), *([name] if name else [])],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": site} if name else None,
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
def closed_programs(
    as_root: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An environment that only root may enter, as one below /root."""
    if not account_for(home).can_enter(home.parent):
        pytest.skip("the temporary folder is closed itself: no copy can be run there")
    original = find_binaries().root.parent
    closed = tmp_path / "site-packages"
    closed.mkdir(mode=0o700)
    for name in (original.name, f"{original.name}.libs"):
        if (original.parent / name).exists():
            (closed / name).symlink_to(original.parent / name)
    monkeypatch.syspath_prepend(str(closed))
    importlib.invalidate_caches()
    return closed


@pytest.fixture
def ordinary_users(as_root: None, programs_for_all: Binaries) -> tuple[str, str]:
    """Two ordinary users who can run PostgreSQL's programs."""
    known = ("nobody", "daemon", "postgres", "www-data")
    found = [name for name in known if can_run(name, programs_for_all)]
    if len(found) < 2:
        pytest.skip("no two ordinary users here can run PostgreSQL's programs")
    return found[0], found[1]
