"""`wabot simulate load` as the operator types it."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    # Short, and open enough for the server's own user when root tests.
    folder = Path(tempfile.mkdtemp(prefix="wabot-load-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_short_load_answers_everybody_once(home: Path) -> None:
    command = [sys.executable, "-c", "from wabot.cli import main; main()"]
    command += ["simulate", "load", "--tenants", "2", "--customers", "4", "--duration", "3"]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--statuses",
        "sent",
        "--json",
        env={**os.environ, "WABOT_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, stderr.decode()
    report = json.loads(stdout)["data"]
    assert report["answered"] > 10
    assert report["answered"] == report["accepted"]
    assert (report["lost"], report["doubled"], report["refused"]) == (0, 0, 0)
    assert report["workers"] == 2
