"""Several servers: on one port, or on one database."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import aiohttp

from tests.harness import make_tenant
from tests.processes import ServerProcess
from wabot.config import load_settings
from wabot.gateways.metrics_files import metrics_home
from wabot.simulation.graph.config import GraphConfig, StatusLevel
from wabot.simulation.graph.server import StandInGraph
from wabot.simulation.inbound_payloads import (
    SIGNATURE_HEADER,
    Person,
    encode,
    from_customer,
    sign,
    text,
)


def people(first: int, count: int) -> list[Person]:
    return [Person(f"52155501{number:05}", f"N{number}") for number in range(first, first + count)]


def greetings(number: str, crowd: list[Person]) -> list[bytes]:
    stamp = int(datetime.now(UTC).timestamp())
    return [encode(from_customer(number, who, text("hola"), timestamp=stamp)) for who in crowd]


async def deliver(environment: dict[str, str], url: str, bodies: list[bytes]) -> None:
    async with aiohttp.ClientSession() as session:

        async def one(raw: bytes) -> None:
            headers = {SIGNATURE_HEADER: sign(raw, environment["WHATSAPP_APP_SECRET"])}
            for _ in range(50):
                try:
                    async with session.post(
                        f"{url}/webhook", data=raw, headers=headers
                    ) as response:
                        assert response.status == 200
                        return
                except aiohttp.ClientConnectionError:
                    # As WhatsApp does: what was not taken is delivered again.
                    await asyncio.sleep(0.1)
            raise AssertionError("nobody took the webhook")

        await asyncio.gather(*(one(raw) for raw in bodies))


async def answered(graph: StandInGraph, count: int) -> Counter[str]:
    async with asyncio.timeout(60):
        while len(graph.messages) < count:
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    return Counter(message.to for message in graph.messages)


async def scrape(server: ServerProcess) -> dict[str, float]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.admin}/metrics") as response,
    ):
        lines = (await response.text()).splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


def metrics_files(environment: dict[str, str], watcher: int) -> list[Path]:
    own = metrics_home(Path(environment["WABOT_HOME"])) / str(watcher)
    return list(own.glob("counter_*"))


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_two_workers_on_one_port_answer_everybody_once_also_when_one_dies(
    environment: dict[str, str],
) -> None:
    settings = load_settings(environ=environment)
    tenant = await asyncio.to_thread(make_tenant, settings, environment["DATABASE_URL"], "bodega")
    secret = environment["WHATSAPP_APP_SECRET"]
    async with StandInGraph(GraphConfig(app_secret=secret, statuses=StatusLevel.SENT)) as graph:
        variables = {**environment, "WHATSAPP_API_BASE": graph.url, "WABOT_LEASE": "2"}
        async with ServerProcess(variables, "--workers", "2") as server:
            graph.statuses.callback_url = f"{server.url}/webhook"
            await server.listening(2)
            workers = children(server.pid)
            assert len(workers) == 2
            await deliver(environment, server.url, greetings(tenant.phone_number_id, people(0, 20)))
            assert set((await answered(graph, 20)).values()) == {1}
            seen = await scrape(server)
            assert seen["wabot_workers"] == 2
            assert seen['wabot_messages_received_total{result="accepted",type="text"}'] == 20
            assert seen["wabot_reply_seconds_count"] == 20
            os.kill(workers[0], signal.SIGKILL)
            await deliver(
                environment, server.url, greetings(tenant.phone_number_id, people(20, 20))
            )
            assert set((await answered(graph, 40)).values()) == {1}
            async with asyncio.timeout(15):
                while len(set(children(server.pid)) - {workers[0]}) < 2:
                    await asyncio.sleep(0.1)
            await server.listening(3)
            # What the dead one counted still counts; that it lives, no more.
            seen = await scrape(server)
            assert seen["wabot_workers"] == 2
            assert seen['wabot_messages_received_total{result="accepted",type="text"}'] == 40
            assert len(metrics_files(environment, server.pid)) == 2
            assert await server.terminate() == 0
            assert not any(map(lives, workers))
            assert not metrics_files(environment, server.pid)


async def told(server: ServerProcess, words: str) -> None:
    async with asyncio.timeout(20):
        while not any(words in line for line in server.lines):
            await asyncio.sleep(0.05)


async def test_a_worker_that_cannot_start_again_leaves_the_other_serving(
    environment: dict[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    variables = {**environment, "WABOT_TEMPLATE_DIR": str(own)}
    async with ServerProcess(variables, "--workers", "2") as server:
        await server.listening(2)
        await told(server, "routes: 3 ok")
        first, second = children(server.pid)
        own.rmdir()
        os.kill(first, signal.SIGKILL)
        await told(server, "WABOT_TEMPLATE_DIR must be")
        own.mkdir()
        await server.listening(3)
        assert lives(second)
        assert await server.terminate() == 0


# A worker that only says that it listens, and a watcher that is told so for long.
STUB = """
import pathlib, socket, sys, time
end = socket.socket(fileno=int(sys.argv[sys.argv.index("--watcher") + 1]))
end.send(b".")
with pathlib.Path({started!r}).open("a") as file:
    file.write("started\\n")
time.sleep(60)
"""
WATCHER = """
import os, pathlib, signal, sys, time
from wabot.cli import workers
workers._COMMAND = (sys.executable, "-c", {stub!r})
def listening(port):
    started = pathlib.Path({started!r})
    me = os.getpid()
    children = pathlib.Path(f"/proc/{{me}}/task/{{me}}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    while len(started.read_text().splitlines()) < 3:
        time.sleep(0.05)
    os.kill(me, signal.SIGTERM)
    time.sleep(60)
print(workers.watch_workers(2, "127.0.0.1", 0, listening=listening))
"""


def test_a_worker_that_dies_while_the_routes_are_proved_is_started_again(tmp_path: Path) -> None:
    started = str(tmp_path / "started")
    watcher = WATCHER.format(stub=STUB.format(started=started), started=started)
    run = subprocess.run(
        [sys.executable, "-c", watcher], capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout == "1\n"


# Says when it was started and dies: its database is gone, say.
SHORT_LIVED = """
import pathlib, sys, time
with pathlib.Path({started!r}).open("a") as file:
    file.write(str(time.monotonic()) + "\\n")
sys.exit(5)
"""
IMPATIENT = """
import os, pathlib, signal, sys, threading, time
from wabot.cli import workers
workers._COMMAND = (sys.executable, "-S", "-c", {stub!r})
workers._AGAIN_AFTER, workers._MENDED_AFTER = 0.5, 2.0
def end():
    started = pathlib.Path({started!r})
    while not started.exists() or len(started.read_text().splitlines()) < 5:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end).start()
workers.watch_workers(1, "127.0.0.1", 0)
"""


def test_a_worker_that_dies_again_and_again_is_started_ever_more_seldom(tmp_path: Path) -> None:
    started = tmp_path / "started"
    stub = SHORT_LIVED.format(started=str(started))
    watcher = IMPATIENT.format(stub=stub, started=str(started))
    subprocess.run([sys.executable, "-c", watcher], capture_output=True, timeout=60, check=True)
    times = [float(line) for line in started.read_text().splitlines()]
    pauses = [after - before for before, after in pairwise(times)]
    # Never sooner, however busy the machine is.
    assert all(found >= least for found, least in zip(pauses, (0.5, 1.0, 2.0, 2.0), strict=True)), (
        pauses
    )


async def test_replacing_the_workers_one_by_one_refuses_nobody_and_answers_everybody_once(
    environment: dict[str, str],
) -> None:
    settings = load_settings(environ=environment)
    tenant = await asyncio.to_thread(make_tenant, settings, environment["DATABASE_URL"], "bodega")
    secret = environment["WHATSAPP_APP_SECRET"]
    async with StandInGraph(GraphConfig(app_secret=secret, statuses=StatusLevel.SENT)) as graph:
        variables = {**environment, "WHATSAPP_API_BASE": graph.url}
        async with ServerProcess(variables, "--workers", "2") as server:
            graph.statuses.callback_url = f"{server.url}/webhook"
            await server.listening(2)
            before = children(server.pid)
            bodies = iter(greetings(tenant.phone_number_id, people(0, 2000)))
            replaced = asyncio.Event()
            taken = 0

            async def knock() -> None:
                nonlocal taken
                # A connection for each webhook: nobody is to be sent away at the door either.
                for raw in bodies:
                    if replaced.is_set():
                        return
                    headers = {SIGNATURE_HEADER: sign(raw, secret)}
                    async with (
                        aiohttp.ClientSession() as session,
                        session.post(f"{server.url}/webhook", data=raw, headers=headers) as said,
                    ):
                        assert said.status == 200
                    taken += 1
                    await asyncio.sleep(0.1)

            visitors = [asyncio.create_task(knock()) for _ in range(4)]
            os.kill(server.pid, signal.SIGHUP)
            async with asyncio.timeout(60):
                while set(children(server.pid)) & set(before) or len(children(server.pid)) < 2:
                    assert not any(task.done() for task in visitors)
                    await asyncio.sleep(0.05)
            replaced.set()
            await asyncio.gather(*visitors)
            assert taken > 20
            counted = await answered(graph, taken)
            seen = await scrape(server)
            assert seen["wabot_workers"] == 2
            assert seen['wabot_messages_received_total{result="accepted",type="text"}'] == taken
            assert set(counted.values()) == {1}
            assert len(counted) == taken


async def test_workers_end_when_their_watcher_is_killed(environment: dict[str, str]) -> None:
    async with ServerProcess(environment, "--workers", "2") as server:
        await server.listening(2)
        workers = children(server.pid)
        await told(server, "routes: 3 ok")
        await server.kill()
        async with asyncio.timeout(20):
            while any(map(lives, workers)):
                await asyncio.sleep(0.05)


async def test_two_servers_on_one_database_answer_everybody_once(
    environment: dict[str, str],
) -> None:
    settings = load_settings(environ=environment)
    tenant = await asyncio.to_thread(make_tenant, settings, environment["DATABASE_URL"], "bodega")
    async with StandInGraph(GraphConfig()) as graph:
        variables = {**environment, "WHATSAPP_API_BASE": graph.url}
        async with ServerProcess(variables) as one, ServerProcess(variables) as other:
            crowd = people(0, 15)
            shown = "".join(one.lines)
            groups = ("env", "database", "whatsapp", "aws", "media", "logs", "routes")
            found = [re.search(rf"{name}: \d+ (ok|skipped)", shown) for name in groups]
            assert all(found), shown
            # Everybody's message comes to both, as after a time-out.
            bodies = greetings(tenant.phone_number_id, crowd)
            await asyncio.gather(
                deliver(environment, one.url, bodies), deliver(environment, other.url, bodies)
            )
            assert await answered(graph, 15) == {person.wa_id: 1 for person in crowd}
