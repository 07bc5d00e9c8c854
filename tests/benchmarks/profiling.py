"""Where the serving processes spend their time, by package: cProfile in each of them.

It slows what it watches to about a third: shares tell, seconds do not.
"""

import pstats
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# Python imports it in every process that has its folder on the path.
_STARTED_WITH_PYTHON = """
import atexit, cProfile, os, sys
if "--listener" in sys.orig_argv:
    profile = cProfile.Profile()
    def end():
        profile.disable()
        profile.dump_stats(os.path.join(os.path.dirname(__file__), f"{os.getpid()}.stats"))
    atexit.register(end)
    profile.enable()
"""
_OUR_PARTS = re.compile(r"/wabot/(domain|services|repositories|gateways|controllers|\w+)[/.]")
_PACKAGES = re.compile(r"site-packages/(\w+)")


@contextmanager
def profiled() -> Iterator[tuple[Mapping[str, str], Path]]:
    """Yield what a server's environment needs, and the folder of the statistics once it ended."""
    with TemporaryDirectory(prefix="wabot-profile-") as name:
        folder = Path(name)
        (folder / "sitecustomize.py").write_text(_STARTED_WITH_PYTHON)
        yield {"PYTHONPATH": name}, folder


def shares(folder: Path) -> list[tuple[str, float]]:
    """Return each package's share of the time in its own functions, the largest first."""
    spent: Counter[str] = Counter()
    for file in folder.glob("*.stats"):
        stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined] - typeshed lacks it
        for (path, _, function), (_, _, own, _, _) in stats.items():
            spent[_part(path, function)] += own
    total = sum(spent.values()) or 1.0
    return [(part, seconds / total) for part, seconds in spent.most_common()]


def _part(path: str, function: str) -> str:
    if ours := _OUR_PARTS.search(path):
        return f"wabot {ours[1]}"
    if package := _PACKAGES.search(path):
        return package[1]
    if path == "~":
        return "the loop, waiting included" if "uvloop" in function else "C functions"
    return "Python's own library"
