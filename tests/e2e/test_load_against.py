"""`wabot simulate load --against` a server that runs already."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import make_tenant
from tests.processes import ServerProcess
from wabot.config import load_settings

SHORT = ("--customers", "3", "--messages", "20")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def load(environment: dict[str, str], url: str, *options: str) -> tuple[int, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from wabot.cli import main; main()", "simulate", "load", "--against", url),
        *(*SHORT, *options, "--json"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    stdout, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return process.returncode, json.loads(stdout)


@pytest.fixture
def here(environment: dict[str, str]) -> dict[str, str]:
    """Every setting, with a Graph on this machine, and a shop."""
    variables = {**environment, "WHATSAPP_API_BASE": f"http://127.0.0.1:{free_port()}"}
    make_tenant(load_settings(environ=variables), variables["DATABASE_URL"], "bodega")
    return variables


async def test_the_shops_of_a_running_server_are_loaded_and_compared(here: dict[str, str]) -> None:
    async with ServerProcess(here) as server:
        code, document = await load(here, server.url, "--messages", "60", "--statuses", "delivered")
    report = document["data"]
    assert code == 0, document
    assert report["handled"] == report["accepted"] >= 60
    assert report["answered"] == report["accepted"]
    assert (report["lost"], report["doubled"], report["out_of_order"]) == (0, 0, 0)
    # Its owner never wrote to it: nobody may tell them of the orders.
    assert report["orders"]
    assert report["out_of_reach"] >= report["orders"]


async def test_without_the_database_what_customers_see_is_judged_and_the_rest_named(
    here: dict[str, str], tmp_path: Path
) -> None:
    outside = {
        name: here[name] for name in ("WHATSAPP_APP_ID", "WHATSAPP_APP_SECRET", "WHATSAPP_API_BASE")
    }
    nothing = {"DATABASE_URL": "", "WABOT_HOME": str(tmp_path / "none")}
    async with ServerProcess(here) as server:
        number = ("--number", "106500000000001", "--from-outside")
        code, document = await load({**outside, **nothing}, server.url, *number)
    report = document["data"]
    assert code == 0, document
    assert report["answered"] == report["accepted"] >= 20
    assert (report["lost"], report["doubled"], report["out_of_order"]) == (0, 0, None)
    assert "Not looked at" in document["warnings"][0]
    assert not (tmp_path / "none").exists()


async def test_from_outside_the_shops_must_be_named(here: dict[str, str]) -> None:
    code, document = await load(here, "http://127.0.0.1:8080", "--from-outside")
    assert code == 2
    assert "--number" in document["error"]["message"]


async def test_nothing_is_sent_when_the_servers_answers_go_elsewhere(here: dict[str, str]) -> None:
    elsewhere = {**here, "WHATSAPP_API_BASE": f"http://127.0.0.1:{free_port()}"}
    async with ServerProcess(elsewhere) as server:
        code, document = await load(here, server.url)
    assert code == 5
    assert "no answer came to the stand-in" in document["error"]["message"]


async def test_a_stand_in_that_runs_already_is_to_be_stopped(here: dict[str, str]) -> None:
    port = int(here["WHATSAPP_API_BASE"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        code, document = await load(here, "http://127.0.0.1:8080")
    assert code == 4
    assert "wabot simulate graph" in document["error"]["hint"]


@pytest.mark.parametrize(
    ("url", "api_base", "named"),
    [
        ("http://shop.example.com", "http://127.0.0.1:1", "another machine"),
        ("http://10.0.0.8:8080", "http://127.0.0.1:1", "another machine"),
        ("ftp://127.0.0.1", "http://127.0.0.1:1", "no http address"),
        ("http://127.0.0.1:8080", "https://graph.facebook.com", "answers would go there"),
        ("http://127.0.0.1:8080", "http://10.0.0.8:8081", "answers would go there"),
    ],
)
async def test_other_peoples_machines_are_left_alone(
    environment: dict[str, str], url: str, api_base: str, named: str
) -> None:
    code, document = await load({**environment, "WHATSAPP_API_BASE": api_base}, url)
    assert code == 2
    assert named in document["error"]["message"]


async def test_an_unknown_number_is_named(here: dict[str, str]) -> None:
    code, document = await load(here, "http://127.0.0.1:8080", "--number", "1")
    assert code == 2
    assert "No active client has the number 1" in document["error"]["message"]
