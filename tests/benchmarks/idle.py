"""Measure what two workers and their database sessions cost while nobody writes.

Run: python -m tests.benchmarks.idle [--tenants N] [--seconds N] [--workers N]. Exits 1 when it is
more than 2 % of a core. CPU time is read from /proc, so a busy machine does not matter. Every shop
has a customer with a session whose timer runs. The server is an embedded one in a temporary folder.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from base64 import urlsafe_b64encode
from pathlib import Path

import psycopg

from tests.benchmarks.cpu import CpuMeter
from wabot.config import surroundings
from wabot.container import tenants_at
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.services.provisioning.bulk import CreateMany, Row
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.graph import GraphConfig, StandInGraph
from wabot.simulation.load.generator import LoadGenerator, LoadPlan
from wabot.simulation.load.servers import serving

KEY, SECRET, APP = bytes(range(32)), "secret of the benchmark", "100200300400500"
LIMIT = 2.0
_UPKEEP = "PostgreSQL's upkeep (not counted)"
_COUNTED = ("watcher", "workers", "PostgreSQL")
# What the customers left behind is rolled up every minute.
_SETTLED = 75.0
_FIRST = 106_700_000_000_000


def make_shops(url: str, count: int) -> tuple[str, ...]:
    numbers = tuple(str(_FIRST + place) for place in range(count))
    rows = [
        Row(
            place,
            TenantRequest(
                slug=f"shop-{place}",
                name=f"Abarrotes {place}",
                plan="basico",
                phone_number_id=number,
                token="EAAtoken",
                template="abarrotes",
                app_id=APP,
            ),
        )
        for place, number in enumerate(numbers)
    ]
    with tenants_at(url, keys=(KEY,), connections=8) as provisioning:
        report = CreateMany(provisioning.create, 4).run(rows, lambda _result: None)
    if report.unfinished:
        raise SystemExit(f"{report.counts}: {report.unfinished[0].reason}")
    return numbers


def server_of(url: str) -> tuple[int, list[int]]:
    """Return PostgreSQL's first process, and those of its own upkeep."""
    query = "SELECT pid FROM pg_stat_activity WHERE usename IS NULL"
    with psycopg.connect(url) as connection:
        (own,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        upkeep = [pid for (pid,) in connection.execute(query).fetchall()]
        words = Path(f"/proc/{own}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(words[1]), upkeep


async def measure(url: str, numbers: tuple[str, ...], workers: int, seconds: float) -> float:
    async with StandInGraph(GraphConfig(app_secret=SECRET)) as graph:
        environment = surroundings() | {
            "DATABASE_URL": url,
            "RUNTIME_DATABASE_URL": as_runtime_login(url),
            "WABOT_MASTER_KEY": urlsafe_b64encode(KEY).decode(),
            "WHATSAPP_APP_ID": APP,
            "WHATSAPP_APP_SECRET": SECRET,
            "WHATSAPP_VERIFY_TOKEN": "word",
            "WHATSAPP_API_BASE": graph.url,
            "WABOT_QUIET_WINDOW": "0",
        }
        with serving(environment, workers) as servers:
            count = len(numbers)
            plan = LoadPlan(numbers, count, 600.0, messages=count, concurrency=20)
            generator = LoadGenerator(plan, SECRET, f"{servers.url}/webhook")
            graph.journal.listen(generator.hear)
            figures = await generator.run()
            await asyncio.sleep(_SETTLED)
            return await _watch(url, servers.process.pid, servers.pids, seconds, figures.answered)


async def _watch(
    url: str, watcher: int, workers: list[int], seconds: float, answered: int
) -> float:
    postmaster, upkeep = server_of(url)
    # Whatever PostgreSQL uses, sessions that come and go included.
    meter = CpuMeter(
        {"watcher": [watcher], "workers": workers, "PostgreSQL": [postmaster], _UPKEEP: upkeep},
        "this benchmark",
    )
    # The watcher's children are the workers; those of PostgreSQL are its sessions and upkeep.
    await asyncio.sleep(seconds)
    spent = meter.spent()
    spent["watcher"] -= spent["workers"]
    spent["PostgreSQL"] -= spent[_UPKEEP]
    sys.stdout.write(f"{answered} customers answered, then {seconds:.0f} s of idling\n")
    total = 0.0
    for name, used in spent.items():
        sys.stdout.write(f"{name:<34} {used / seconds * 100:6.2f} % of a core\n")
        total += used / seconds * 100 if name in _COUNTED else 0.0
    sys.stdout.write(f"{'together':<34} {total:6.2f} % of a core, limit {LIMIT}\n")
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="wabot-idle-"))
    try:
        with EmbeddedPostgres(home, options={"fsync": "off"}).running() as server:
            server.ensure_database("wabot")
            url = server.url("wabot")
            upgrade(url, runtime_conninfo=as_runtime_login(url))
            numbers = make_shops(url, given.tenants)
            total = asyncio.run(measure(url, numbers, given.workers, given.seconds))
            return 1 if total > LIMIT else 0
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
