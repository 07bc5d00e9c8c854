"""Whatever ends one side of a copy ends the other at once: nothing hangs, nothing half is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.lifecycle.rows import Connection, fill
from tests.integration.lifecycle.test_delete import left
from tests.integration.tenants.asking import TOKEN
from tests.integration.tenants.conftest import Create
from wabot.domain.tenant import Tenant

Start = Callable[..., subprocess.Popen[str]]
PATIENCE = 15
# As a disk of that size would refuse it, in a process of its own.
_MAIN = "from wabot.cli import main; main()"
_TINY = f"import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (50_000, 50_000)); {_MAIN}"
_MANY = """
INSERT INTO {0}.messages (customer_id, contact, direction, event_key, kind, body, status,
                          occurred_at)
SELECT (SELECT id FROM {0}.customers LIMIT 1), '52155', 'in', 'many.' || n, 'text',
       jsonb_build_object('text', repeat(md5(n::text), 100)), 'received', now()
FROM generate_series(1, 15000) n
"""
_COPIED = "SELECT pid FROM pg_stat_progress_copy WHERE datname = current_database()"


@pytest.fixture
def shop(create: Create, central: Connection) -> Tenant:
    tenant = create().tenant
    fill(central, tenant.placement)
    central.execute(_MANY.format(f'"{tenant.placement.schema}"'))
    return tenant


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start `wabot` as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str, program: str = _MAIN) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
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


def acts(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return every command that copies a shop's rows."""
    token = folder / "token"
    token.write_text(TOKEN)
    (folder / "out").mkdir()
    return {
        "export": ("tenant", "export", "lupita", "--out", str(folder / "out" / "x")),
        "csv": ("tenant", "export", "lupita", "--out", str(folder / "out" / "x"), "--format=csv"),
        "delete": (
            *("tenant", "delete", "lupita", "--confirm", "lupita"),
            *("--export-to", str(folder / "out")),
        ),
        "clone": (
            *("tenant", "clone", "lupita", "dos", "--with", "customers", "--no-verify"),
            *("--phone-number-id", "42", "--token-file", str(token)),
        ),
        "move": ("tenant", "move", "lupita", "--isolation", "prefix"),
    }


def copying(central: Connection, command: str) -> int:
    """Wait until rows are copied; return the server's process that does."""
    give_up = time.monotonic() + 60
    while (found := central.execute(f"{_COPIED} AND command = '{command}'").fetchone()) is None:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    return int(found[0])


def standing(central: Connection) -> tuple[set[tuple[str, ...]], object]:
    states = central.execute("SELECT slug, status FROM wabot.clients").fetchall()
    # The schema of prefixed tables stays, empty.
    return {row for row in left(central) if "wabot_shared" not in row}, states


@pytest.mark.parametrize("act", ["export", "csv", "delete", "clone", "move"])
def test_an_interruption_ends_it_at_once_and_the_shop_goes_on(
    start: Start, shop: Tenant, central: Connection, tmp_path: Path, *, act: str
) -> None:
    words, before = acts(tmp_path)[act], standing(central)
    process = start(*words)
    copying(central, "COPY TO")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told
    assert told.endswith("Interrupted.\n")
    assert standing(central) == before
    assert list((tmp_path / "out").glob("*")) == []


@pytest.mark.parametrize("act", ["export", "csv", "delete"])
def test_a_full_disk_ends_it_with_its_reason_and_the_shop_goes_on(
    start: Start, shop: Tenant, central: Connection, tmp_path: Path, *, act: str
) -> None:
    words, before = acts(tmp_path)[act], standing(central)
    process = start(*words, program=_TINY)
    # It starts, and reads thousands of rows, before it gets there.
    _, told = process.communicate(timeout=60)
    assert process.returncode == 5, told
    assert "File too large" in told
    assert str(tmp_path / "out") in told
    assert standing(central) == before
    assert list((tmp_path / "out").glob("*")) == []


@pytest.mark.parametrize(
    ("act", "side"),
    [
        *((act, "COPY TO") for act in ("export", "csv", "clone", "move")),
        *((act, "COPY FROM") for act in ("clone", "move")),
    ],
)
def test_a_lost_connection_ends_the_other_side_too(
    start: Start, shop: Tenant, central: Connection, tmp_path: Path, *, act: str, side: str
) -> None:
    words, before = acts(tmp_path)[act], standing(central)
    process = start(*words)
    central.execute("SELECT pg_terminate_backend(%s)", (copying(central, side),))
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 5, told
    assert standing(central) == before
