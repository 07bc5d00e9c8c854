"""Measure `wabot --help` against the help of a two-command Typer program, in pairs.

Run: python tests/benchmarks/help_startup.py [PAIRS]. Exits 1 when the median ratio is over 1.5.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 1.5
TWO_COMMANDS = """
import typer

app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    \"\"\"Say hello.\"\"\"


@app.command()
def goodbye(name: str, formal: bool = False) -> None:
    \"\"\"Say goodbye.\"\"\"


app()
"""
WABOT = "from wabot.cli import main\n\nmain()\n"


def _seconds(program: Path) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, program, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure(pairs: int) -> tuple[float, float, float]:
    """Return the median seconds of both programs and the median of the pairs' ratios."""
    with tempfile.TemporaryDirectory() as folder:
        plain, wabot = Path(folder) / "plain.py", Path(folder) / "wabot_help.py"
        plain.write_text(TWO_COMMANDS)
        wabot.write_text(WABOT)
        _seconds(plain), _seconds(wabot)  # compiled files and caches
        # Side by side, so that a busy machine slows both.
        found = [(_seconds(plain), _seconds(wabot)) for _ in range(pairs)]
    ratio = statistics.median(ours / theirs for theirs, ours in found)
    theirs, ours = (statistics.median(column) for column in zip(*found, strict=True))
    return theirs, ours, ratio


if __name__ == "__main__":
    theirs, ours, ratio = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    sys.stdout.write(
        f"two-command Typer program {theirs * 1000:.0f} ms\n"
        f"wabot --help              {ours * 1000:.0f} ms\n"
        f"ratio                     {ratio:.2f} (at most {LIMIT})\n"
    )
    sys.exit(ratio > LIMIT)
