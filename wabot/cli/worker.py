"""One of several serving processes, as the one that watches them sees it."""

import select
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from wabot.gateways.metrics_files import forget_process

# The watcher's affair: operators say --workers.
LISTENER_OPTION = "--listener"
WATCHER_OPTION = "--watcher"
ADMIN_OPTION = "--admin"
METRICS_OPTION = "--metrics"
CHECKED_OPTION = "--checked"


class Worker:
    """A process, and the line to it: it says when it listens, and hears when its watcher dies."""

    def __init__(
        self,
        command: Sequence[str],
        listener: socket.socket,
        admin: socket.socket | None,
        metrics: Path | None,
    ) -> None:
        self.started = time.monotonic()
        self.metrics = metrics
        self._line, theirs = socket.socketpair()
        given = {LISTENER_OPTION: listener, WATCHER_OPTION: theirs}
        if admin is not None:
            given[ADMIN_OPTION] = admin
        options = [word for name, end in given.items() for word in (name, str(end.fileno()))]
        if metrics is not None:
            options += [METRICS_OPTION, str(metrics)]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*command, *options],
                pass_fds=[end.fileno() for end in given.values()],
                # In a group of their own: Ctrl-C reaches the watcher, which asks them to stop.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return its process's number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return it once it ended; negative: the signal that ended it."""
        return self._process.poll()

    @property
    def listens(self) -> bool:
        """Tell whether it said so."""
        readable, _, _ = select.select([self._line], [], [], 0)
        return bool(readable) and bool(self._line.recv(1, socket.MSG_PEEK))

    def ask_to_stop(self) -> None:
        """Let it finish what it holds and go."""
        if self._process.poll() is None:
            self._process.terminate()

    def end(self, until: float) -> None:
        """Wait for its end; after that moment make it."""
        try:
            self._process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._line.close()
        if self.metrics is not None:
            forget_process(self.metrics.parent, self.metrics.name)
