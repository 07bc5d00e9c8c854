"""Spares what does not answer: after a few failures in a row others fail at once, for a while.

A shop whose database hangs would otherwise hold connections and turns that other shops need, each
for as long as it takes to be sure.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from wabot.domain.counted import counted
from wabot.errors import DatabaseUnavailable

NOBODY = "nobody"
"""To be blamed for a failure that says nothing about what is guarded."""

_FAILURES = 3
_SHORTEST = 2.0
_LONGEST = 30.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """What may fail as one; it is spared once failures came from so many `sources` of it."""

    key: Hashable
    name: str
    source: Hashable = None
    sources: int = 1


@dataclass(slots=True)
class _Trouble:
    """Failures since it last worked; after `until` one attempt shows whether it works again."""

    failures: int = 0
    sources: set[Hashable] = field(default_factory=set)
    until: float = 0.0
    pause: float = _SHORTEST
    probing: bool = False


class Breakers:
    """Remembers what is in trouble; what works costs nothing."""

    def __init__(self, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._troubles: dict[Hashable, _Trouble] = {}

    @property
    def open(self) -> int:
        """Return how many are spared at the moment."""
        now = self._timer()
        return sum(trouble.until > now for trouble in self._troubles.values())

    @contextmanager
    def guarding(self, *all_guarded: Guarded) -> Iterator["Verdict"]:
        """Attempt something; DatabaseUnavailable at once while any of it is spared.

        What goes wrong counts only as far as the verdict blames it.
        """
        probed = self._admit(all_guarded) if self._troubles else ()
        verdict = Verdict()
        cut_off = True
        try:
            yield verdict
            cut_off = False
        except Exception:
            cut_off = False
            raise
        finally:
            for trouble in probed:
                trouble.probing = False
            if not cut_off or verdict.blamed:
                self._judge(all_guarded, verdict.blamed)

    def _admit(self, all_guarded: Sequence[Guarded]) -> Sequence[_Trouble]:
        """Return what is tried again by this attempt; of several attempts one tries."""
        probed = []
        for guarded in all_guarded:
            trouble = self._troubles.get(guarded.key)
            if trouble is None or not trouble.until:
                continue
            left = trouble.until - self._timer()
            if left > 0 or trouble.probing:
                raise DatabaseUnavailable(
                    f"{guarded.name} failed {counted(trouble.failures, 'time')} in a row and is"
                    f" spared for {max(left, 0):.0f} s",
                    retryable=True,
                )
            probed.append(trouble)
        for trouble in probed:
            trouble.probing = True
        return probed

    def _judge(self, all_guarded: Sequence[Guarded], blamed: Sequence[Hashable]) -> None:
        for guarded in all_guarded:
            if guarded.key in blamed:
                self._failed(guarded)
            elif not blamed:
                self._troubles.pop(guarded.key, None)

    def _failed(self, guarded: Guarded) -> None:
        trouble = self._troubles.setdefault(guarded.key, _Trouble())
        trouble.failures += 1
        trouble.sources.add(guarded.source)
        if trouble.failures < _FAILURES or len(trouble.sources) < guarded.sources:
            return
        now = self._timer()
        if trouble.until <= now:
            # Those under way when it was first spared do not prolong it.
            trouble.pause = min(trouble.pause * 2, _LONGEST) if trouble.until else _SHORTEST
            trouble.until = now + trouble.pause


class Verdict:
    """What is to blame for a failure; nothing at first."""

    def __init__(self) -> None:
        self.blamed: tuple[Hashable, ...] = ()

    def blame(self, *keys: Hashable) -> None:
        """Let the failure count against these."""
        self.blamed = keys
