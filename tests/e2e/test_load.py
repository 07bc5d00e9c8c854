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

from wabot.cli.output import Output
from wabot.cli.simulation.load import run_load
from wabot.cli.simulation.run import LoadRequest


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
    assert (report["out_of_order"], report["handled"]) == (0, report["accepted"])
    assert report["workers"] == 2


async def test_nothing_is_lost_doubled_or_out_of_order_whatever_goes_wrong() -> None:
    request = LoadRequest(
        tenants=2,
        customers=25,
        rate=0.0,
        seconds=60.0,
        servers=2,
        workers=2,
        statuses="sent",
        template="abarrotes",
        messages=300,
        seed=5,
        faults=True,
        settings={"WABOT_LEASE": "2", "WABOT_RESEND_AFTER": "4"},
    )
    report = await asyncio.to_thread(run_load, request, Output("simulate load", json=True))
    assert (report["lost"], report["doubled"], report["out_of_order"]) == (0, 0, 0)
    assert report["handled"] == report["accepted"] >= 300
    assert report["orders"] > 0
    assert {"worker killed", "connections ended", "graph: taken, connection reset"} <= set(
        report["faults"]
    )
