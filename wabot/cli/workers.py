"""Several serving processes on one port, kept alive by one that only watches them."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from wabot.errors import ConfigurationError, Refused

# The port and the option are the watcher's affair: operators say --workers.
SHARED_PORT_OPTION = "--shared-port"

_COMMAND = (sys.executable, "-c", "from wabot.cli import main; main()", "serve")
_SETTLE = 5.0
_PATIENCE = 40.0


def watch_workers(count: int, host: str, port: int, options: Sequence[str] = ()) -> int:
    """Run so many servers until SIGTERM or SIGINT; start one anew when it dies.

    Returns how many had to be started anew. Raises Refused when they cannot start at all.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigurationError(
            "This platform cannot share a port between processes",
            hint="Run several `wabot serve` on ports of their own behind a proxy.",
        )
    with _reserved(host, port) as reserved:
        actual = reserved.getsockname()[1]
        command = [*_COMMAND, "--host", host, "--port", str(actual), SHARED_PORT_OPTION, *options]
        return _Watch(command, count).run()


class _Watch:
    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = list(command)
        self._workers: list[tuple[subprocess.Popen[bytes], float]] = []
        self._count = count
        self._stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        restarts = 0
        self._workers = [self._start() for _ in range(self._count)]
        while not self._stopping:
            time.sleep(0.2)
            for place, (worker, started) in enumerate(self._workers):
                if worker.poll() is None or self._stopping:
                    continue
                if worker.returncode in (2, 3, 4) and time.monotonic() - started < _SETTLE:
                    self._end()
                    raise Refused("The servers cannot start; the reason stands above.")
                restarts += 1
                self._workers[place] = self._start()
        self._end()
        return restarts

    def _start(self) -> tuple[subprocess.Popen[bytes], float]:
        # In a group of their own: Ctrl-C reaches the watcher, which then asks them to stop.
        return (
            subprocess.Popen(self._command, start_new_session=True),  # noqa: S603 - our own command
            time.monotonic(),
        )

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        for worker, _ in self._workers:
            if worker.poll() is None:
                worker.terminate()
        until = time.monotonic() + _PATIENCE
        for worker, _ in self._workers:
            try:
                worker.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def _reserved(host: str, port: int) -> socket.socket:
    """Hold the port without listening, so that port 0 means the same to every worker."""
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
