"""The embedded server of simulations, whatever database the operator's settings name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wabot import logs
from wabot.cli.simulation.databases import SimulationServer, open_simulation_server
from wabot.config import home_folder
from wabot.gateways.embedded_postgres import EmbeddedPostgres

_LOG_LIMIT = 5_000_000


@contextmanager
def simulation_server() -> Iterator[tuple[SimulationServer, Path]]:
    """Run the embedded server while the block lasts; the second value is the log's file.

    Logs go to that file: the terminal belongs to the conversation.
    """
    home = home_folder()
    with EmbeddedPostgres(home).running() as server:
        path = home / "simulation.log"
        size = path.stat().st_size if path.exists() else 0
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if size > _LOG_LIMIT else os.O_APPEND)
        with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as stream:
            logs.configure("info", "console", stream)
            try:
                with open_simulation_server(server.url) as opened:
                    yield opened, path
            finally:
                logs.configure("warning")
