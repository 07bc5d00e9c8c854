"""CPU time of processes and of what they started, from /proc: the same on a busy machine."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from wabot.simulation.load.servers import children

_TICKS = os.sysconf("SC_CLK_TCK")


class CpuMeter:
    """Counts from its making on; `roots` are the first processes of each kind.

    What this process uses itself counts as `own`.
    """

    def __init__(self, roots: Mapping[str, Sequence[int]], own: str) -> None:
        self._roots = roots
        self._own = own
        self._before = self._now()

    def spent(self) -> dict[str, float]:
        """Return the seconds that each kind has used since."""
        return {kind: now - self._before[kind] for kind, now in self._now().items()}

    def _now(self) -> dict[str, float]:
        used = {kind: _used(pids) for kind, pids in self._roots.items()}
        return used | {self._own: time.process_time()}


def _used(pids: Sequence[int]) -> float:
    return sum(_of(pid) + _used(children(pid)) for pid in pids)


def _of(pid: int) -> float:
    """Return what a process used, with those of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS
