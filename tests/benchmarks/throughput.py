"""Measure messages answered per second, beside what PostgreSQL alone makes of their statements.

Run: python -m tests.benchmarks.throughput [--seconds S] [--tenants N N N] [--profile]. Everything
runs on this machine: an embedded server as wabot starts it, `wabot serve --workers 2`, the stand-in
for Graph and the customers. Exits 1 when a limit is broken.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.cpu import CpuMeter
from tests.benchmarks.profiling import profiled, shares
from tests.benchmarks.table import Figure, show
from wabot.cli.simulation.shops import APP_ID, Secrets, demo_copy, let_everything_be_sent
from wabot.config import surroundings
from wabot.container import tenants_at
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.gateways.embedded_postgres.binaries import find_binaries
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.graph import GraphConfig, StandInGraph, StatusLevel
from wabot.simulation.load.figures import percentile
from wabot.simulation.load.generator import LoadGenerator, LoadPlan
from wabot.simulation.load.servers import Servers, serving

WORKERS, CUSTOMERS, CONCURRENCY = 2, 400, 64
RATIO, MANY, WORKER_MB = 0.30, 0.8, 160.0
RATE, ACK_P50, ACK_P99, REPLY_P99 = 100.0, 0.015, 0.100, 0.400
_FIRST = 106_800_000_000_000
_STOCK = 1_000_000
_SCRIPT = Path(__file__).with_name("message.sql")


@dataclass(frozen=True, slots=True)
class Place:
    """The server with its shops; `postmaster` is its first process."""

    owner_url: str
    keys: Secrets
    numbers: tuple[str, ...]
    postmaster: int

    @property
    def runtime_url(self) -> str:
        """Return the login of the serving processes."""
        return as_runtime_login(self.owner_url)


@dataclass(frozen=True, slots=True)
class Run:
    """What one load measured; times in seconds, CPU in milliseconds per answer by process kind."""

    answered: float
    acks: list[float]
    replies: list[float]
    wrong: int
    memory: float
    connections: int
    cpu: Mapping[str, float]


@contextmanager
def shops(home: Path, count: int) -> Iterator[Place]:
    """Start a server of its own, as durable as any, and make so many shops in it."""
    keys = Secrets()
    with EmbeddedPostgres(home).running() as server:
        server.ensure_database("wabot")
        url = server.url("wabot")
        upgrade(url, runtime_conninfo=as_runtime_login(url))
        shop = demo_copy("abarrotes")
        plenty = tuple(replace(product, stock=_STOCK) for product in shop.seed.products)
        seed = replace(shop.seed, products=plenty)
        numbers = tuple(str(_FIRST + place) for place in range(count))
        with tenants_at(url, keys=(keys.master_key,), actor="benchmark", connections=2) as tenants:
            for place, number in enumerate(numbers):
                tenants.create.run(_request(place, number, keys.token), seed)
        let_everything_be_sent(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
            yield Place(url, keys, numbers, _parent(pid))


def _request(place: int, number: str, token: str) -> TenantRequest:
    return TenantRequest(
        slug=f"tienda-{place}",
        name=f"Tienda {place}",
        plan="completo",
        phone_number_id=number,
        token=token,
        template="abarrotes",
        app_id=APP_ID,
        actor="benchmark",
    )


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


async def load(
    place: Place,
    tenants: int,
    seconds: float,
    *,
    rate: float = 0.0,
    statuses: str = "none",
    more: Mapping[str, str] | None = None,
) -> Run:
    """Hold conversations with so many of the shops; the first seconds only warm up."""
    secret = place.keys.app_secret
    config = GraphConfig(app_secret=secret, statuses=StatusLevel(statuses), kept=1000)
    async with StandInGraph(config) as graph:
        with serving(environment_of(place, graph.url) | (more or {}), WORKERS) as servers:
            graph.statuses.callback_url = f"{servers.url}/webhook"
            numbers = place.numbers[:tenants]
            # Until each connection has met most of the shops.
            warm = LoadPlan(
                numbers,
                max(CUSTOMERS, tenants),
                5.0 + tenants * 0.09,
                concurrency=CONCURRENCY,
            )
            await hold(graph, LoadGenerator(warm, secret, f"{servers.url}/webhook"))
            plan = LoadPlan(
                numbers,
                max(CUSTOMERS, tenants),
                seconds,
                rate,
                seed=2,
                concurrency=0 if rate else CONCURRENCY,
            )
            meter = CpuMeter({"serve": servers.pids, "postgres": [place.postmaster]}, "load")
            generator = LoadGenerator(plan, secret, f"{servers.url}/webhook")
            await hold(graph, generator)
            return _run(place, servers, generator, meter)


async def hold(graph: StandInGraph, generator: LoadGenerator) -> None:
    """Hold the generator's conversations, the answers given to it."""
    graph.journal.listen(generator.hear)
    await generator.run()


def _run(place: Place, servers: Servers, generator: LoadGenerator, meter: CpuMeter) -> Run:
    figures = generator.figures
    spent = meter.spent()
    with psycopg.connect(place.owner_url) as connection:
        (open_now,) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wabot_runtime'"
        ).fetchone() or (0,)
    return Run(
        figures.answered / figures.seconds,
        sorted(figures.acknowledgements),
        sorted(figures.replies),
        figures.lost + figures.doubled,
        max(servers.memory(), default=0.0),
        open_now,
        {kind: seconds / figures.answered * 1000 for kind, seconds in spent.items()},
    )


def environment_of(place: Place, graph_url: str) -> dict[str, str]:
    """Return what a server of these shops sees."""
    return surroundings() | {
        "DATABASE_URL": place.owner_url,
        "RUNTIME_DATABASE_URL": place.runtime_url,
        "WABOT_MASTER_KEY": urlsafe_b64encode(place.keys.master_key).decode(),
        "WHATSAPP_APP_ID": APP_ID,
        "WHATSAPP_APP_SECRET": place.keys.app_secret,
        "WHATSAPP_VERIFY_TOKEN": place.keys.verify_token,
        "WHATSAPP_API_BASE": graph_url,
        "WABOT_QUIET_WINDOW": "0",
        "WABOT_RATE_LIMITS": "off",
        "WABOT_LOG_FORMAT": "json",
    }


def pgbench(place: Place, folder: Path, seconds: float) -> float | None:
    """Return the transactions per second of the pinned script; None where pgbench is missing."""
    program = find_binaries().program("pgbench")
    found = str(program) if program.is_file() else shutil.which("pgbench")
    if found is None:
        return None
    with psycopg.connect(place.owner_url) as connection:
        client, config = connection.execute(
            "SELECT id, db_connection_config FROM wabot.clients WHERE phone_number_id = %s",
            (place.numbers[0],),
        ).fetchone() or ("", {})
        (customers,) = connection.execute(
            f'SELECT count(*) FROM "{config["schema"]}".customers'.encode()
        ).fetchone() or (0,)
    script = folder / "message.sql"
    script.write_text(
        _SCRIPT.read_text().format(
            schema=f'"{config["schema"]}"',
            role=config["role"],
            client=client,
            number=place.numbers[0],
            customers=customers,
            payload='{"text": "' + "x" * 600 + '"}',
        )
    )
    command = [found, "-n", "-M", "extended", "-c", "8", "-j", "2", "-T", f"{seconds:g}"]
    done = subprocess.run(
        [*command, "-f", str(script), place.runtime_url],
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or told is None:
        raise SystemExit(f"pgbench failed:\n{done.stdout[-800:]}{done.stderr[-800:]}")
    return float(told[1])


def figures(place: Place, folder: Path, seconds: float, steps: Sequence[int]) -> Iterator[Figure]:
    """Measure everything, line by line; pgbench and what it is compared with take turns."""
    first = asyncio.run(load(place, 1, seconds))
    before = pgbench(place, folder, seconds)
    one = asyncio.run(load(place, 1, seconds))
    after = pgbench(place, folder, seconds)
    best = max(first.answered, one.answered)
    yield _plain("answered per second, one shop", f"{first.answered:.0f}, {one.answered:.0f}")
    if before is None or after is None:
        yield _plain("pgbench", "not installed: no ratio")
    else:
        yield _plain("pgbench of the pinned script, tps", f"{before:.0f}, {after:.0f}")
        ratio = (first.answered + one.answered) / (before + after)
        yield _at_least("answered / pgbench", ratio, RATIO)
    yield from _spent(one)
    statuses = asyncio.run(load(place, 1, seconds, statuses="read"))
    yield _plain("the same with three statuses per reply", f"{statuses.answered:.0f}")
    yield from _slowly(asyncio.run(load(place, 1, seconds, rate=RATE)))
    for count in steps:
        many = asyncio.run(load(place, count, seconds))
        yield _plain(f"answered per second, {count} shops", f"{many.answered:.0f}")
        yield _at_least(f"  of one shop's, {count} shops", many.answered / best, MANY)
        yield _plain("  connections", str(many.connections))
        memory = f"{many.memory:.0f} MB"
        yield Figure("  memory per worker", memory, f"{WORKER_MB:g} MB", many.memory <= WORKER_MB)
        yield Figure("  lost or doubled", str(many.wrong), "0", not many.wrong)


def profile(place: Place, seconds: float) -> Iterator[Figure]:
    """Load servers that are profiled; yield the share of each package."""
    with profiled() as (environment, folder):
        run = asyncio.run(load(place, 1, seconds, more=environment))
        yield _plain("answered per second, profiled", f"{run.answered:.0f}")
        for part, share in shares(folder)[:12]:
            yield _plain(f"  {part}", f"{share:.0%}")


def _slowly(run: Run) -> Iterator[Figure]:
    for name, times, share, limit in (
        ("acknowledged, p50", run.acks, 50, ACK_P50),
        ("acknowledged, p99", run.acks, 99, ACK_P99),
        ("answered, p99", run.replies, 99, REPLY_P99),
    ):
        found = percentile(times, share)
        value = f"{found * 1000:.0f} ms"
        yield Figure(f"{name}, at {RATE:g} a second", value, f"{limit * 1000:g} ms", found <= limit)


def _spent(run: Run) -> Iterator[Figure]:
    for kind, spent in run.cpu.items():
        yield _plain(f"  CPU of {kind}, per answer", f"{spent:.2f} ms")


def _plain(name: str, value: str) -> Figure:
    return Figure(name, value, "", True)


def _at_least(name: str, value: float, limit: float) -> Figure:
    return Figure(name, f"{value:.2f}", f"at least {limit:g}", value >= limit)


def main(words: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--tenants", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--profile", action="store_true", help="show where the CPU goes instead")
    asked: Any = parser.parse_args(words)
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    home.chmod(0o755)
    try:
        with shops(home / "server", max([1, *asked.tenants])) as place:
            if asked.profile:
                return show(profile(place, asked.seconds))
            return show(figures(place, home, asked.seconds, asked.tenants))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
