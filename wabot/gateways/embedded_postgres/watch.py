"""Starts the embedded server again when it dies under those who use it."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from wabot.errors import WabotError
from wabot.gateways.embedded_postgres.locks import is_held
from wabot.gateways.embedded_postgres.server import ServerProcess

_log = logging.getLogger(__name__)

_EVERY = 1.0


class Watch:
    """A thread that looks every second; `turn` keeps other processes from starting it as well."""

    def __init__(
        self, process: ServerProcess, turn: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._process = process
        self._turn = turn
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="postgres watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """Look no more; waits for a start at hand."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_EVERY):
            if is_held(self._process.folders.alive, self._process.account):
                continue
            try:
                with self._turn():
                    self._process.ensure_running()
            except (WabotError, OSError):
                _log.exception("The embedded PostgreSQL died and does not start")
            else:
                _log.error("The embedded PostgreSQL had died and was started again")
