"""Measure bulk creation against the raw DDL of the same tables, side by side in the same run.

Run: python -m tests.benchmarks.creation [--rows N] [--existing N] [--jobs N]. Exits 1 when a limit
is broken. The server is an embedded one in a temporary folder.
"""

import argparse
import asyncio
import csv
import gc
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.benchmarks.table import Figure, show
from wabot.container import tenants_at
from wabot.domain.placement import schema_placement
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.tenant_ddl import head_ddl
from wabot.repositories.runtime import turn_statements
from wabot.repositories.runtime.clients import PostgresClients
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.sql import TenantStatement
from wabot.services.provisioning.bulk import CreateMany, Row
from wabot.services.provisioning.request import TenantRequest

KEY = bytes(range(32))
RATIO, KEPT_RATE, CLI_MB, RUNTIME_MB = 2.5, 0.8, 200.0, 3.0
_numbers = count(1)


@contextmanager
def central(home: Path) -> Iterator[str]:
    """Give a fresh central database on a server of its own.

    The disk is not waited for: it would slow raw DDL and wabot alike, and thousands of new files
    would keep the server from stopping for minutes.
    """
    with EmbeddedPostgres(home, options={"fsync": "off"}).running() as server:
        server.ensure_database("wabot")
        url = server.url("wabot")
        upgrade(url, runtime_conninfo=as_runtime_login(url))
        yield url


def request() -> TenantRequest:
    """Return a shop like no other."""
    n = next(_numbers)
    return TenantRequest(
        slug=f"shop-{n}",
        name=f"Abarrotes {n}",
        plan="basico",
        phone_number_id=str(10_000_000 + n),
        token=f"EAA{'x' * 180}{n}",
        template="abarrotes",
        app_id="100200300400500",
    )


def raw(url: str, rows: int, jobs: int) -> float:
    """Return the seconds that plain DDL of the same tables takes, a transaction per schema."""
    text = head_ddl()

    def some(share: int) -> None:
        with psycopg.connect(url) as connection:
            for _ in range(share):
                place = schema_placement(uuid4())
                connection.execute(f'CREATE SCHEMA "{place.schema}"'.encode())
                connection.execute(render(text, place).encode())
                connection.commit()

    began = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(some, [rows // jobs] * jobs))
    return (time.perf_counter() - began) / (rows // jobs * jobs) * rows


def bulk(url: str, rows: int, jobs: int) -> float:
    """Return the seconds that wabot takes for whole shops, catalogue and all."""
    asked = [Row(n, request()) for n in range(rows)]
    with tenants_at(url, keys=(KEY,), connections=2 * jobs) as provisioning:
        began = time.perf_counter()
        report = CreateMany(provisioning.create, jobs).run(asked, lambda _result: None)
        seconds = time.perf_counter() - began
    if report.unfinished:
        raise SystemExit(f"{report.counts}: {report.unfinished[0].reason}")
    return seconds


def side_by_side(url: str, rows: int, jobs: int, rounds: int = 5) -> tuple[float, float, float]:
    """Return milliseconds per tenant of both, and the median ratio of pairs."""
    raw(url, jobs, jobs), bulk(url, jobs, jobs)
    share = max(rows // rounds, jobs)
    found = [(raw(url, share, jobs), bulk(url, share, jobs)) for _ in range(rounds)]
    plain, ours = (statistics.median(column) / share * 1000 for column in zip(*found, strict=True))
    return plain, ours, statistics.median(b / a for a, b in found)


def command_line(url: str, folder: Path, rows: int, jobs: int) -> tuple[float, float]:
    """Return seconds and megabytes of `wabot tenant create --from` over a file."""
    path = folder / "shops.csv"
    columns = ("slug", "name", "template", "plan", "phone_number_id", "token")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for _ in range(rows):
            asked = request()
            writer.writerow([getattr(asked, column) for column in columns])
    path.chmod(0o600)
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "WABOT_HOME": str(folder / "cli"),
        "WABOT_MASTER_KEY": urlsafe_b64encode(KEY).decode(),
    }
    words = ["tenant", "create", "--from", str(path), "--jobs", str(jobs), "--json"]
    program = "import sys; from wabot.cli import main; main()"
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    seconds = time.perf_counter() - began
    last = json.loads(done.stdout.splitlines()[-1])
    if not last["ok"]:
        raise SystemExit(str(last))
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


async def runtime_memory(url: str) -> tuple[int, float]:
    """Return how many clients the runtime has in memory, and the megabytes per 1,000 of them."""
    statements = [s for s in vars(turn_statements).values() if isinstance(s, TenantStatement)]
    pools = Pools(url, size=2)
    await pools.open()
    try:
        clients = PostgresClients(pools)
        await clients.refresh()
        async with pools.central() as connection:
            cursor = await connection.execute(
                "SELECT phone_number_id FROM wabot.clients LIMIT 5000"
            )
            numbers = [row[0] for row in await cursor.fetchall()]
        await clients.by_phone_number_id(numbers[0])
        gc.collect()
        tracemalloc.start()
        for number in numbers:
            tenant = await clients.by_phone_number_id(number)
            assert tenant is not None
            for statement in statements:
                statement.render(tenant.placement)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        await pools.close()
    return len(numbers), held / 1024**2 / len(numbers) * 1000


def measure(url: str, folder: Path, asked: argparse.Namespace) -> Iterator[Figure]:
    """Yield every figure as it is known."""
    plain, ours, ratio = side_by_side(url, asked.rows, asked.jobs)
    yield Figure("raw DDL, per tenant", f"{plain:.1f} ms", "", True)
    yield Figure("wabot in bulk, per tenant", f"{ours:.1f} ms", "", True)
    yield Figure("ratio", f"{ratio:.2f}", f"at most {RATIO}", ratio <= RATIO)
    seconds, megabytes = command_line(url, folder, asked.rows, asked.jobs)
    yield Figure("command line, tenants per second", f"{asked.rows / seconds:.1f}", "", True)
    yield Figure("its memory", f"{megabytes:.0f} MB", f"at most {CLI_MB:.0f}", megabytes <= CLI_MB)
    held, per_thousand = asyncio.run(runtime_memory(url))
    yield Figure(
        f"runtime, per 1,000 of {held} tenants",
        f"{per_thousand:.2f} MB",
        f"at most {RUNTIME_MB:.0f}",
        per_thousand <= RUNTIME_MB,
    )
    if asked.existing:
        yield from crowded(url, asked)


def crowded(url: str, asked: argparse.Namespace) -> Iterator[Figure]:
    """Fill the database, then compare with the rate in an empty one, raw DDL beside both."""
    with tempfile.TemporaryDirectory(prefix="wabot-") as name, central(Path(name)) as empty:
        while next(_numbers) < asked.existing:
            bulk(url, 250, asked.jobs)
        bulk(empty, asked.jobs, asked.jobs), bulk(url, asked.jobs, asked.jobs)
        share = max(asked.rows // 5, asked.jobs)
        # In turns, so that a busy machine slows both.
        found = [(bulk(empty, share, asked.jobs), bulk(url, share, asked.jobs)) for _ in range(5)]
    kept = statistics.median(a / b for a, b in found)
    yield Figure(
        f"rate with {asked.existing} existing, of that with none",
        f"{kept:.0%}",
        f"at least {KEPT_RATE:.0%}",
        kept >= KEPT_RATE,
    )


def main(words: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--existing", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 8))
    asked = parser.parse_args(words)
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    try:
        with central(home) as url:
            return show(measure(url, home, asked))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
