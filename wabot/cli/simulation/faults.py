"""The harm that `wabot simulate load --faults` does to processes and to the database."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psycopg

from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.simulation.load.mischief import Act
from wabot.simulation.load.servers import Servers

# What was committed outlives a crash of the processes, as it must; the machine stays up.
_OPTIONS = {"fsync": "off", "synchronous_commit": "on"}
_DATABASE = "load"
_END_SOME = """
SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity WHERE usename = 'wabot_runtime' ORDER BY random() LIMIT %s
) AS chosen
"""


@dataclass(frozen=True, slots=True)
class FragileServer:
    """A PostgreSQL server of its own that may be harmed."""

    home: Path
    url: str

    def end_connections(self, count: int) -> bool:
        """End some connections of the serving processes; tell whether there were any."""
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                row = connection.execute(_END_SOME, (count,)).fetchone()
        except psycopg.OperationalError:
            return False
        return bool(row and row[0])

    def restart(self, number: signal.Signals) -> bool:
        """Stop it (SIGINT: in order, SIGQUIT: as a crash) and start it again."""
        pid_file = self.home / "postgres" / "data" / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
            os.kill(pid, number)
        except (OSError, ValueError):
            return False
        while pid_file.exists():
            time.sleep(0.01)
        with EmbeddedPostgres(self.home, options=_OPTIONS).running():
            return True


@contextmanager
def fragile_server() -> Iterator[FragileServer]:
    """Run a server that nobody else uses while the block lasts."""
    with TemporaryDirectory(prefix="wabot-faults-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with EmbeddedPostgres(home, options=_OPTIONS).running() as server:
            server.ensure_database(_DATABASE)
            yield FragileServer(home, server.url(_DATABASE))


@dataclass(slots=True)
class Harm:
    """Acts on the serving processes and the database that they share."""

    servers: Sequence[Servers]
    database: FragileServer
    chance: Random
    _quiet_until: dict[str, float] = field(default_factory=dict)

    def acts(self) -> dict[str, tuple[float, Act]]:
        """Return the acts with their weights."""
        return {
            "worker killed": (2, self._kill),
            "workers replaced": (1, self._roll),
            "connections ended": (3, self._end_connections),
            "database restarted": (0.7, self._restart),
            "database crashed": (0.7, self._crash),
        }

    async def _kill(self) -> bool:
        victims = [(server, pid) for server in self.servers for pid in server.pids]
        if not victims or not self._rested("kill", 4.0):
            return False
        with suppress(ProcessLookupError):
            server, pid = self.chance.choice(victims)
            server.kill(pid)
            return True
        return False

    async def _roll(self) -> bool:
        if not self._rested("roll", 15.0):
            return False
        self.chance.choice(self.servers).roll()
        return True

    async def _end_connections(self) -> bool:
        count = self.chance.randint(1, 6)
        return await asyncio.to_thread(self.database.end_connections, count)

    async def _restart(self) -> bool:
        if not self._rested("database", 8.0):
            return False
        return await asyncio.to_thread(self.database.restart, signal.SIGINT)

    async def _crash(self) -> bool:
        if not self._rested("database", 8.0):
            return False
        return await asyncio.to_thread(self.database.restart, signal.SIGQUIT)

    def _rested(self, what: str, seconds: float) -> bool:
        """Tell whether the last such act is long enough ago for work to be done in between."""
        now = time.monotonic()
        if now < self._quiet_until.get(what, 0.0):
            return False
        self._quiet_until[what] = now + seconds
        return True
