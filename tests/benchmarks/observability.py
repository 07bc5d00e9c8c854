"""Measure what logs and metrics cost: the same load with and without them, in turns.

Run: python -m tests.benchmarks.observability [--seconds S] [--pairs N]. Two servers stand side by
side over the same shop and are loaded in short turns, first the one, then the other, then the other
way round: what else the machine does, and how the tables grow, meets both alike. One logs at level
info as JSON and has /metrics on, as a server runs; the other logs errors and measures nothing.
Exits 1 when they cost more than the limit.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.cpu import CpuMeter
from tests.benchmarks.table import Figure, show
from tests.benchmarks.throughput import (
    CONCURRENCY,
    CUSTOMERS,
    WORKERS,
    Place,
    environment_of,
    hold,
    shops,
)
from wabot.simulation.graph import GraphConfig, StandInGraph, StatusLevel
from wabot.simulation.load.generator import LoadGenerator, LoadPlan
from wabot.simulation.load.servers import Servers, serving

COST = 0.10
WARM = 6.0
KINDS = {
    "on": {"WABOT_LOG_LEVEL": "info", "WABOT_METRICS": "on"},
    "off": {"WABOT_LOG_LEVEL": "error", "WABOT_METRICS": "off"},
}


@dataclass(slots=True)
class Found:
    """What the turns of one server measured: answers per second, CPU seconds per answer."""

    answered: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    wrong: int = 0


async def compare(place: Place, seconds: float, pairs: int) -> dict[str, Found]:
    """Load both servers in turns."""
    found = {kind: Found() for kind in KINDS}
    secret = place.keys.app_secret
    config = GraphConfig(app_secret=secret, statuses=StatusLevel("none"), kept=1000)
    async with StandInGraph(config) as graph:
        with ExitStack() as running:
            servers = {
                kind: running.enter_context(
                    serving(environment_of(place, graph.url) | more, WORKERS)
                )
                for kind, more in KINDS.items()
            }
            for kind in KINDS:
                await _turn(graph, place, servers[kind], WARM, 1, Found())
            for pair in range(pairs):
                for kind in KINDS if pair % 2 == 0 else reversed(KINDS):
                    await _turn(graph, place, servers[kind], seconds, pair + 2, found[kind])
    return found


async def _turn(  # noqa: PLR0917 - one call, each named by its type
    graph: StandInGraph, place: Place, servers: Servers, seconds: float, seed: int, found: Found
) -> None:
    plan = LoadPlan(place.numbers, CUSTOMERS, seconds, seed=seed, concurrency=CONCURRENCY)
    generator = LoadGenerator(plan, place.keys.app_secret, f"{servers.url}/webhook")
    meter = CpuMeter({"serve": servers.pids}, "load")
    await hold(graph, generator)
    figures = generator.figures
    found.answered.append(figures.answered / figures.seconds)
    found.cpu.append(meter.spent()["serve"] / figures.answered)
    found.wrong += figures.lost + figures.doubled


def figures(place: Place, seconds: float, pairs: int) -> Iterator[Figure]:
    """Compare turn by turn with its neighbour; the median counts."""
    found = asyncio.run(compare(place, seconds, pairs))
    on, off = found["on"], found["off"]
    for kind, of in found.items():
        rate = f"{statistics.median(of.answered):.0f}"
        yield Figure(f"answered per second, {kind}, median", rate, "", True)
        cpu = f"{statistics.median(of.cpu) * 1000:.2f} ms"
        yield Figure("  CPU of the workers, per answer", cpu, "", True)
    costs = sorted(1 - a / b for a, b in zip(on.answered, off.answered, strict=True))
    slower = statistics.median(costs)
    yield Figure("throughput lost", f"{slower:.1%}", f"at most {COST:.0%}", slower <= COST)
    low, _, high = statistics.quantiles(costs, n=4)
    yield Figure("  half of the pairs lie between", f"{low:.0%}, {high:.0%}", "", True)
    dearer = statistics.median(a / b for a, b in zip(on.cpu, off.cpu, strict=True)) - 1
    yield Figure("more CPU of the workers per answer", f"{dearer:.1%}", "", True)
    wrong = on.wrong + off.wrong
    yield Figure("lost or doubled", str(wrong), "0", not wrong)


def main(words: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--pairs", type=int, default=12)
    asked: Any = parser.parse_args(words)
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    home.chmod(0o755)
    try:
        with shops(home / "server", 1) as place:
            return show(figures(place, asked.seconds, asked.pairs))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
