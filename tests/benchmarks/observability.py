"""Measure what logs and metrics cost: the same load with and without them, in turns.

Run: python -m tests.benchmarks.observability [--seconds S] [--rounds N]. With them: level info,
JSON, /metrics on, as a server runs. Without: level error, nothing measured. Exits 1 when they cost
more than the limit.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.table import Figure, show
from tests.benchmarks.throughput import Place, Run, load, shops

COST = 0.10
ON = {"WABOT_LOG_LEVEL": "info", "WABOT_METRICS": "on"}
OFF = {"WABOT_LOG_LEVEL": "error", "WABOT_METRICS": "off"}


def figures(place: Place, seconds: float, rounds: int) -> Iterator[Figure]:
    """Load the server in turns, so that whatever else the machine does meets both alike."""
    runs: dict[str, list[Run]] = {"on": [], "off": []}
    for turn in range(rounds):
        for name in ("on", "off") if turn % 2 == 0 else ("off", "on"):
            more = ON if name == "on" else OFF
            run = asyncio.run(load(place, 1, seconds, more=more))
            runs[name].append(run)
            yield Figure(f"answered per second, {name}", f"{run.answered:.0f}", "", True)
            cpu = f"{run.cpu['serve']:.2f} ms"
            yield Figure("  CPU of the workers, per answer", cpu, "", True)
    pairs = list(zip(runs["on"], runs["off"], strict=True))
    slower = 1 - statistics.median(on.answered / off.answered for on, off in pairs)
    yield Figure("throughput lost", f"{slower:.1%}", f"at most {COST:.0%}", slower <= COST)
    dearer = statistics.median(on.cpu["serve"] / off.cpu["serve"] for on, off in pairs) - 1
    yield Figure("more CPU of the workers per answer", f"{dearer:.1%}", "", True)
    wrong = sum(run.wrong for found in runs.values() for run in found)
    yield Figure("lost or doubled", str(wrong), "0", not wrong)


def main(words: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    asked: Any = parser.parse_args(words)
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    home.chmod(0o755)
    try:
        with shops(home / "server", 1) as place:
            return show(figures(place, asked.seconds, asked.rounds))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
