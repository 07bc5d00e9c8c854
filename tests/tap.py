"""A tap on the way to PostgreSQL: from a chosen statement on it keeps the answers back."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_KEPT = 1_000_000


@dataclass
class Tap:
    """Passes bytes on; once a connection has sent what is armed, its answers stay here.

    The statement reaches the server and is run there: only its sender never learns of it.
    """

    url: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    armings: int = 0
    _pattern: re.Pattern[bytes] | None = None

    def arm(self, *texts: bytes) -> None:
        """Wait for a connection that sends these texts from now on, one after the other."""
        self.armings += 1
        self.reached.clear()
        self._pattern = re.compile(b".*?".join(texts), re.DOTALL)

    def disarm(self) -> None:
        """Let everything pass."""
        self._pattern = None

    def sees(self, sent: bytearray) -> bool:
        """Tell whether a connection has sent what is armed."""
        if self._pattern is None or not self._pattern.search(sent):
            return False
        self._pattern = None
        self.reached.set()
        return True


@asynccontextmanager
async def tapped(url: str) -> AsyncIterator[Tap]:
    """Tap the way to a server for as long as the block lasts."""
    parameters = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    host, port = parameters.get("host", "localhost"), int(parameters.get("port", 5432))
    tasks: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        if host.startswith("/"):
            upstream = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            upstream = await asyncio.open_connection(host, port)
        held = asyncio.Event()
        answers = asyncio.create_task(_answers(upstream[0], writer, held))
        try:
            await _requests(reader, upstream[1], tap, held)
        finally:
            # As the kernel does for a process that died.
            upstream[1].close()
            answers.cancel()
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    mine = {"host": "127.0.0.1", "port": str(server.sockets[0].getsockname()[1])}
    tap = Tap(make_conninfo("", **parameters | mine | {"sslmode": "disable"}))
    try:
        yield tap
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _requests(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: Tap, held: asyncio.Event
) -> None:
    sent, armings = bytearray(), 0
    with suppress(OSError):
        while data := await reader.read(65536):
            if armings != tap.armings:
                sent, armings = bytearray(), tap.armings
            sent = (sent + data)[-_KEPT:]
            if not held.is_set() and tap.sees(sent):
                held.set()
            writer.write(data)
            await writer.drain()


async def _answers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held: asyncio.Event
) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            if not held.is_set():
                writer.write(data)
                await writer.drain()
