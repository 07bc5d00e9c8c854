"""Several serving processes on one port, kept alive by one that only watches them.

The watcher holds a listening socket for each: what knocks while a worker is away waits for the
next one at that place, so a restart refuses nobody.
"""

import logging
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread

from wabot.cli.worker import CHECKED_OPTION, Worker
from wabot.errors import ConfigurationError, Refused
from wabot.logs import log

_log = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-c", "from wabot.cli import main; main()", "serve")
# Exit codes of what does not get better by trying again at once: usage, settings, a refusal.
_CANNOT_START = (2, 3, 4)
_SETTLE = 5.0
_AGAIN_AFTER = 1.0
# Somebody has to mend something first.
_MENDED_AFTER = 10.0
# How long a worker may take to finish what it holds.
PATIENCE = 40.0
# While workers come and go. Otherwise signals wake the watcher, the death of a worker too.
_TICK = 0.1
_REST = 30.0


def watch_workers(
    workers: int,
    host: str,
    port: int,
    options: Sequence[str] = (),
    *,
    admin: socket.socket | None = None,
    metrics: Path | None = None,
    listening: Callable[[int], None] = lambda _: None,
) -> int:
    """Run so many servers until SIGTERM or SIGINT; start one anew when it dies.

    They share the `admin` socket, where any of them answers, and the folder `metrics`. SIGHUP
    replaces them one after the other: each goes only when the next one listens. `listening` hears
    the port once all of them do, in a thread; what it raises ends them. Returns how many had to be
    started anew. Raises Refused when none of them can start.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigurationError(
            "This platform cannot share a port between processes",
            hint="Run several `wabot serve` on ports of their own behind a proxy.",
        )
    first = _bound(host, port)
    actual = first.getsockname()[1]
    listeners = [first, *(_bound(host, actual) for _ in range(workers - 1))]
    # Each is told how many they are: they share what Meta allows a number.
    shared = ["--host", host, "--port", str(actual), "--workers", str(workers)]
    command = [*_COMMAND, *shared, *options]
    try:
        places = [
            _Place(command, listener, admin, metrics and metrics / str(number))
            for number, listener in enumerate(listeners)
        ]
        return _Watch(places, lambda: listening(actual)).run()
    finally:
        for listener in listeners:
            listener.close()


@dataclass(slots=True)
class _Place:
    """One of the sockets: who serves it, who is to serve it next, who still finishes."""

    command: Sequence[str]
    listener: socket.socket
    admin: socket.socket | None = None
    metrics: Path | None = None
    worker: Worker | None = None
    following: Worker | None = None
    leaving: list[tuple[Worker, float]] = field(default_factory=list)
    not_before: float = 0.0
    died_early: int = 0

    def start(self, *options: str) -> Worker:
        return Worker([*self.command, *options], self.listener, self.admin, self._metrics())

    def _metrics(self) -> Path | None:
        """Return metrics files that no living worker writes; those of the dead are gone on with."""
        if self.metrics is None:
            return None
        taken = {worker.metrics for worker in self.everybody()}
        tries = (self.metrics.with_name(f"{self.metrics.name}-{turn}") for turn in count())
        return next(path for path in tries if path not in taken)

    def replace(self) -> None:
        if self.following is None:
            # By a new version, or with new settings: it checks for itself whether it can start.
            self.following = self.start()

    def tend(self, *, alone: bool) -> int:
        """Do what is to be done now; return how many workers died meanwhile.

        Where it is `alone` and cannot start, nobody serves: raises Refused.
        """
        now = time.monotonic()
        self._hand_over(now)
        self._see_off(now)
        if self.worker is not None and self.worker.exit_code is not None:
            early = now - self.worker.started < _SETTLE
            self.died_early = self.died_early + 1 if early else 0
            refused = early and self.worker.exit_code in _CANNOT_START
            if refused and alone:
                raise Refused("The servers cannot start; the reason stands above.")
            log(
                _log,
                logging.ERROR,
                "worker.died",
                "A worker died and is started again.",
                pid=self.worker.pid,
                exit_code=self.worker.exit_code,
            )
            self.not_before = now + (_MENDED_AFTER if refused else self._pause())
            self.worker.end(now)
            self.worker = None
            return 1
        if self.worker is None and self.following is None and now >= self.not_before:
            self.worker = self.start(CHECKED_OPTION)
        return 0

    def _pause(self) -> float:
        # Every start costs seconds of a processor, which whatever is gone may need to come back.
        if not self.died_early:
            return 0.0
        return min(_AGAIN_AFTER * 2.0 ** min(self.died_early - 1, 10), _MENDED_AFTER)

    def _hand_over(self, now: float) -> None:
        if self.following is None:
            return
        if self.following.exit_code is not None:
            # Whatever keeps it from starting: the one that serves goes on.
            self.following.end(now)
            self.following = None
        elif self.following.listens:
            if self.worker is not None:
                self.worker.ask_to_stop()
                self.leaving.append((self.worker, now + PATIENCE))
            self.worker, self.following = self.following, None

    def _see_off(self, now: float) -> None:
        for worker, until in list(self.leaving):
            if worker.exit_code is not None or now > until:
                worker.end(until)
                self.leaving.remove((worker, until))

    @property
    def is_settled(self) -> bool:
        return self.worker is not None and self.following is None and not self.leaving

    def everybody(self) -> list[Worker]:
        return [
            *(worker for worker in (self.worker, self.following) if worker is not None),
            *(worker for worker, _ in self.leaving),
        ]


class _Signals:
    """Waits for signals; one that comes just before the wait ends it too."""

    def __enter__(self) -> "_Signals":
        self._heard, self._told = socket.socketpair()
        for end in (self._heard, self._told):
            end.setblocking(False)
        # Full: then it is readable, and nothing is lost.
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._heard.close()
        self._told.close()

    def wait(self, seconds: float) -> None:
        if select.select([self._heard], [], [], seconds)[0]:
            self._heard.recv(4096)


class _Watch:
    def __init__(self, places: Sequence[_Place], listening: Callable[[], None]) -> None:
        self._places = places
        self._listening: Callable[[], None] | None = listening
        self._told: Future[None] | None = None
        self._to_replace: deque[_Place] = deque()
        self._stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._roll)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        deaths = 0
        with _Signals() as signals:
            try:
                while not self._stopping:
                    deaths += sum(map(self._tend, self._places))
                    self._go_on_rolling()
                    self._tell()
                    signals.wait(_REST if self._is_settled else _TICK)
            finally:
                self._end()
        return deaths

    def _tend(self, place: _Place) -> int:
        others = (other for other in self._places if other is not place)
        return place.tend(alone=not any(other.worker for other in others))

    @property
    def _is_settled(self) -> bool:
        moving = self._listening or self._told or self._to_replace
        return not moving and all(place.is_settled for place in self._places)

    def _tell(self) -> None:
        workers = [place.worker for place in self._places]
        if self._listening is not None and all(worker and worker.listens for worker in workers):
            self._told, self._listening = _aside(self._listening), None
        if self._told is not None and self._told.done():
            told, self._told = self._told, None
            told.result()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _roll(self, *_: object) -> None:
        self._to_replace.extend(place for place in self._places if place not in self._to_replace)

    def _go_on_rolling(self) -> None:
        busy = any(place.following or place.leaving for place in self._places)
        if self._to_replace and not busy:
            self._to_replace.popleft().replace()

    def _end(self) -> None:
        workers = [worker for place in self._places for worker in place.everybody()]
        for worker in workers:
            worker.ask_to_stop()
        until = time.monotonic() + PATIENCE
        for worker in workers:
            worker.end(until)


def _aside(what: Callable[[], None]) -> "Future[None]":
    """Do it in a thread that nobody waits for: workers die and signals come meanwhile."""
    done: Future[None] = Future()

    def do() -> None:
        try:
            what()
        except BaseException as error:
            # The watcher raises it.
            done.set_exception(error)
        else:
            done.set_result(None)

    Thread(target=do, daemon=True).start()
    return done


def _bound(host: str, port: int) -> socket.socket:
    """Hold the port without listening: the first worker at this place begins to."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    holder = socket.socket(family, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        holder.bind((host, port))
    except OSError as error:
        holder.close()
        raise Refused(
            f"Cannot listen on {host} port {port}: {error.strerror or error}",
            hint="Something else may listen there: choose another --port, or stop it.",
        ) from error
    return holder
