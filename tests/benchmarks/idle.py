"""Measure what two workers and their database sessions cost while nobody writes.

Run: python -m tests.benchmarks.idle [--tenants N] [--seconds N] [--workers N]. Exits 1 when it is
more than 2 % of a core. CPU time is read from /proc, so a busy machine does not matter. Every shop
has a customer with a session whose timer runs. The server is an embedded one in a temporary folder.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path

import psycopg

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


def cpu_of(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU seconds that each process has used so far."""
    used = {}
    for pid in pids:
        try:
            words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        used[pid] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return used


def sessions(url: str) -> tuple[list[int], list[int]]:
    """Return the processes of the servers' sessions, and of PostgreSQL's own upkeep."""
    query = "SELECT pid, usename FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(url) as connection:
        rows = connection.execute(query).fetchall()
    return [p for p, user in rows if user == "wabot_runtime"], [
        p for p, user in rows if user is None
    ]


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
            await asyncio.sleep(5)
            return await _watch(url, servers.process.pid, servers.pids, seconds, figures.answered)


async def _watch(
    url: str, watcher: int, workers: list[int], seconds: float, answered: int
) -> float:
    mine, upkeep = sessions(url)
    groups = {
        "watcher": [watcher],
        "workers": workers,
        "database sessions": mine,
        "PostgreSQL's upkeep (not counted)": upkeep,
    }
    before = {name: cpu_of(pids) for name, pids in groups.items()}
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - started
    total = 0.0
    sys.stdout.write(f"{answered} customers answered, then {passed:.0f} s of idling\n")
    for name, pids in groups.items():
        after = cpu_of(pids)
        used = sum(after[pid] - cpu for pid, cpu in before[name].items() if pid in after)
        share = used / passed * 100
        sys.stdout.write(f"{name:<34} {len(pids):>3} processes {share:6.2f} % of a core\n")
        total += 0.0 if name.endswith("(not counted)") else share
    sys.stdout.write(f"{'together':<34} {'':>13} {total:6.2f} % of a core, limit {LIMIT}\n")
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
