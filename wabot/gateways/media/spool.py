"""A file on its way: on this machine's disk until it is whole."""

import asyncio
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from wabot.gateways.media.errors import storage_errors

_BLOCK = 1024 * 1024


class Spool:
    """A temporary file that only this user can read, written in blocks off the event loop."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._descriptor = -1
        self._waiting = bytearray()
        # A cancelled task's thread writes on: never to a number that means another file by then.
        self._lock = threading.Lock()
        self.path = Path()

    async def open(self) -> None:
        """Make the file."""
        with storage_errors("the folder of files on their way"):
            self._descriptor, name = await asyncio.to_thread(
                tempfile.mkstemp, dir=self._folder, prefix="incoming-"
            )
        self.path = Path(name)

    async def write(self, piece: bytes) -> None:
        """Append a piece."""
        self._waiting += piece
        if len(self._waiting) >= _BLOCK:
            await self._flush()

    async def finish(self) -> None:
        """Bring all of it to the disk."""
        await self._flush()
        with storage_errors(str(self.path)):
            await asyncio.to_thread(self._sync)

    async def discard(self) -> None:
        """Close the file and, unless it was moved away, delete it."""
        await asyncio.shield(asyncio.to_thread(self._discard))

    def _discard(self) -> None:
        with self._lock:
            if self._descriptor < 0:
                return
            os.close(self._descriptor)
            self._descriptor = -1
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _sync(self) -> None:
        with self._lock:
            os.fsync(self._descriptor)

    def _write(self, block: bytes) -> None:
        view = memoryview(block)
        with self._lock:
            while view:
                view = view[os.write(self._descriptor, view) :]

    async def _flush(self) -> None:
        block, self._waiting = bytes(self._waiting), bytearray()
        if block:
            with storage_errors(str(self.path)):
                await asyncio.to_thread(self._write, block)
