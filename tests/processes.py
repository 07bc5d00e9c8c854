"""`wabot serve` as a process of its own, to be killed and restarted by tests."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from typing import Self

_ADMIN = re.compile(r"Operators ask (http://[^:]+:\d+)")
_LISTENING = re.compile(r"Listening on (http://\S+)/webhook")


class ServerProcess:
    """A running `wabot serve`; everything it wrote to stderr is kept."""

    def __init__(self, environment: Mapping[str, str], *arguments: str) -> None:
        self._environment = {**os.environ, **environment, "WABOT_LOG_FORMAT": "json"}
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self.lines: list[str] = []
        self.url = ""
        self.admin = ""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from wabot.cli import main; main()",
            "serve",
            "--port",
            "0",
            *self._arguments,
            env=self._environment,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(60):
                await self._listening.wait()
            assert self.url, "\n".join(self.lines)
        except BaseException:
            # Left behind it would go on, without its database for ever.
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        """Return the process's id."""
        assert self._process is not None
        return self._process.pid

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for raw in self._process.stderr:
            line = raw.decode()
            self.lines.append(line)
            if asked := _ADMIN.search(line):
                self.admin = asked[1]
            found = _LISTENING.search(line)
            if found:
                self.url = found[1]
                self._listening.set()
        self._listening.set()

    async def listening(self, workers: int) -> None:
        """Wait until so many workers have said that they listen."""
        async with asyncio.timeout(60):
            while sum(bool(_LISTENING.search(line)) for line in self.lines) < workers:
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """Ask it to stop, wait until it has, and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        code = await asyncio.wait_for(self._process.wait(), 40)
        assert self._reader is not None
        await self._reader
        return code
