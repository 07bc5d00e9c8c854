"""Measure `wabot check`: the settings alone, and everything with ten shops on local stand-ins.

Run: python -m tests.benchmarks.checks [--seconds]. Processor time of the whole process by default,
which other work on the machine hardly changes; --seconds measures the clock.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.table import Figure, show
from tests.harness import make_tenant
from wabot.config import load_settings
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.simulation.graph.config import GraphConfig
from wabot.simulation.graph.server import StandInGraph
from wabot.simulation.load.servers import serving

SETTINGS, EVERYTHING, SHOPS, TRIES = 0.5, 5.0, 10, 5
_COMMAND = (sys.executable, "-c", "from wabot.cli import main; main()", "check")


def _timed(environment: Mapping[str, str], *words: str, clock: bool) -> float:
    """Return the seconds that the command takes, of the processor or of the clock."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*_COMMAND, *words], cwd=folder, env=dict(environment), capture_output=True, check=False
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started if clock else used


@contextmanager
def _ten_shops(home: Path, graph_url: str) -> Iterator[dict[str, str]]:
    with EmbeddedPostgres(home).running() as server:
        server.ensure_database("wabot")
        owner = server.url("wabot")
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": owner,
            "RUNTIME_DATABASE_URL": as_runtime_login(owner),
            "WABOT_HOME": str(home),
            "WABOT_MASTER_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
            "WHATSAPP_APP_ID": "100200300400",
            "WHATSAPP_APP_SECRET": "0123456789abcdef" * 2,
            "WHATSAPP_VERIFY_TOKEN": "word of the measurement",
            "WHATSAPP_API_BASE": graph_url,
        }
        upgrade(owner, runtime_conninfo=environment["RUNTIME_DATABASE_URL"])
        settings = load_settings(environ=environment)
        for number in range(SHOPS):
            make_tenant(settings, owner, f"shop-{number}", number=f"10650000000000{number}")
        yield environment


def figures(*, clock: bool) -> Iterator[Figure]:
    """Yield each figure as it is known."""
    unit = "s" if clock else "s CPU"
    plain = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    needed = {
        "WABOT_MASTER_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
        "WHATSAPP_APP_SECRET": "0123456789abcdef" * 2,
        "WHATSAPP_VERIFY_TOKEN": "word of the measurement",
    }
    took = median(_timed(plain | needed, "env", clock=clock) for _ in range(TRIES))
    yield Figure("check env", f"{took:.2f} {unit}", f"{SETTINGS} s", took < SETTINGS)
    with (
        _graph() as graph,
        tempfile.TemporaryDirectory(prefix="wb-") as home,
        _ten_shops(Path(home), graph.url) as environment,
        serving(environment, 1) as server,
    ):
        graph.statuses.callback_url = f"{server.url}/webhook"
        public = environment | {"WABOT_PUBLIC_URL": server.url}
        took = median(_timed(public, "all", clock=clock) for _ in range(TRIES))
    name = f"check all, {SHOPS} shops, local stand-ins"
    yield Figure(name, f"{took:.2f} {unit}", f"{EVERYTHING} s", took < EVERYTHING)


@contextmanager
def _graph() -> Iterator[StandInGraph]:
    """Run the stand-in in a loop of its own thread, while commands are waited for in this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    config = GraphConfig(app_id="100200300400", app_secret="0123456789abcdef" * 2)
    graph = StandInGraph(config)
    asyncio.run_coroutine_threadsafe(graph.__aenter__(), loop).result()
    try:
        yield graph
    finally:
        asyncio.run_coroutine_threadsafe(graph.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


if __name__ == "__main__":
    sys.exit(show(figures(clock="--seconds" in sys.argv)))
