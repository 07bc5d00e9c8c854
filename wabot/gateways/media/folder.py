"""Customers' files in a folder of this machine, or of a file server."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

from wabot.gateways.media.errors import storage_errors
from wabot.gateways.media.spool import Spool

_INCOMING = ".incoming"
_UNFINISHED = 3600.0


class FolderStorage:
    """One folder per tenant below the root; only the user who serves can read them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @asynccontextmanager
    async def receive(self) -> AsyncIterator["_Incoming"]:
        """Begin a file; what was not kept is forgotten at the end."""
        # On the same disk, so that it takes its place in one step.
        folder = self._root / _INCOMING
        with storage_errors(str(self._root)):
            await asyncio.to_thread(_make, self._root, folder)
        spool = Spool(folder)
        try:
            await spool.open()
            yield _Incoming(spool, self._root)
        finally:
            await spool.discard()

    def check(self) -> None:
        """Raise StorageUnavailable when no file can be kept here."""
        folder = self._root / _INCOMING
        with storage_errors(str(self._root)):
            _make(self._root, folder)
            with tempfile.TemporaryFile(dir=folder):
                pass
            _forget_unfinished(folder)

    def delete_tenant(self, client_id: UUID) -> int:
        """Delete all files of a tenant, blocking; return how many there were."""
        folder = self._root / str(client_id)
        with storage_errors(str(folder)):
            if not folder.is_dir():
                return 0
            count = sum(1 for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
        return count


class _Incoming:
    def __init__(self, spool: Spool, root: Path) -> None:
        self._spool = spool
        self._root = root

    async def write(self, piece: bytes) -> None:
        """Append a piece."""
        await self._spool.write(piece)

    async def keep(self, location: str, mime_type: str) -> None:  # noqa: ARG002 - S3 tells it on
        """Put the whole file in its place, over one of that name."""
        target = self._root / location
        await self._spool.finish()
        with storage_errors(str(target)):
            await asyncio.to_thread(self._place, target)

    def _place(self, target: Path) -> None:
        _make(self._root, target.parent)
        self._spool.path.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _forget_unfinished(folder: Path) -> None:
    """Delete what killed processes were receiving: no fetch takes nearly so long."""
    long_ago = time.time() - _UNFINISHED
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < long_ago:
                path.unlink()


def _make(root: Path, folder: Path) -> None:
    """Make the folder and those above it, up to the root, for this user alone."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        inside = path == root or root in path.parents
        path.mkdir(mode=0o700 if inside else 0o755, exist_ok=True)
