"""The file of an export: one compressed tar, written and read as a stream.

A tar tells a member's length before the member: tables are cut into pieces that fit in memory.
The manifest, which has all counts and checksums, comes last; a file without it was cut short.
"""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import IO, Any

from wabot.domain.archive import (
    ArchivedTable,
    Manifest,
    damaged,
    manifest_from_json,
    manifest_to_json,
    only_readable,
)
from wabot.errors import ExternalFailure, InvalidInput

MANIFEST = "manifest.json"
_PIECE = 4 * 1024 * 1024
_LARGEST_MEMBER = 64 * 1024 * 1024
_NAME = re.compile(r"([a-z_][a-z0-9_]{0,62})\.([0-9]{6})\.copy")
_PG_DUMP = b"PGDMP"
_BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError)


class _Compressing(io.RawIOBase):
    """Compresses in a thread of its own: the server sends the next rows meanwhile."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file
        self._compress = zlib.compressobj(1, zlib.DEFLATED, 31)
        self._blocks: Queue[bytes | None] = Queue(maxsize=8)
        self._failure: BaseException | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name="export", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        """Hand a block over; raises what writing an earlier one raised."""
        data = bytes(block)
        self._blocks.put(data)
        if self._failure is not None:
            raise self._failure
        return len(data)

    def finish(self) -> None:
        """Write all that is left."""
        self._end()
        if self._failure is not None:
            raise self._failure
        self._file.write(self._compress.flush())

    def abandon(self) -> None:
        """Stop the thread; what it has not written yet is lost."""
        self._abandoned = True
        self._end()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._blocks.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (block := self._blocks.get()) is not None:
            if self._failure is None and not self._abandoned:
                try:
                    self._file.write(self._compress.compress(block))
                except BaseException as error:
                    # Raised where the rows are read, which must not wait for this thread.
                    self._failure = error


class ArchiveWriter:
    """Adds members to the tar of an export."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, data: bytes) -> None:
        """Add a whole member."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))

    def add_file(self, name: str, file: IO[bytes]) -> None:
        """Add what a temporary file holds."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = file.seek(0, io.SEEK_END), 0o600
        file.seek(0)
        self._tar.addfile(member, file)

    def add_table(self, name: str, blocks: Iterable[bytes | bytearray | memoryview]) -> "Summed":
        """Add a table in pieces; return how much it was."""
        summed, piece, length, number = Summed(), list[bytes | bytearray | memoryview](), 0, 0
        for block in blocks:
            piece.append(block)
            length += len(block)
            if length >= _PIECE:
                self.add(f"{name}.{number:06}.copy", summed.add(b"".join(piece)))
                piece, length, number = [], 0, number + 1
        if piece:
            self.add(f"{name}.{number:06}.copy", summed.add(b"".join(piece)))
        return summed

    def add_manifest(self, manifest: Manifest) -> None:
        """Add the last member."""
        self.add(MANIFEST, json.dumps(manifest_to_json(manifest), indent=1).encode())


@dataclass(slots=True)
class Summed:
    """Rows, bytes and checksum of what went by. In COPY's text format each line is a row."""

    rows: int = 0
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> bytes:
        """Count a piece and return it."""
        self.rows += data.count(b"\n")
        self.size += len(data)
        self._hash.update(data)
        return data

    @property
    def sha256(self) -> str:
        """Return the checksum of all that went by."""
        return self._hash.hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive that appears under its name when the block ends well, and never half.

    Only the user who runs this may read it: it holds a shop's customers.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}", hint="Name another file or folder."
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            stream = _Compressing(file)
            try:
                with tarfile.open(fileobj=stream, mode="w|", bufsize=1024 * 1024) as tar:
                    yield ArchiveWriter(tar)
                stream.finish()
            finally:
                stream.abandon()
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> ExternalFailure:
    return ExternalFailure(
        f"{path} cannot be written to its end: {error.strerror or error}",
        hint="Nothing of it was kept. Make room there, or name another folder.",
        retryable=True,
    )


def read_manifest(path: Path) -> Manifest:
    """Read the whole file, check every table against its checksum, and return the manifest."""
    found: dict[str, Summed] = {}
    manifest: Manifest | None = None
    with _members(path) as members:
        for name, data in members:
            if manifest is not None:
                raise damaged("something follows its manifest")
            if name == MANIFEST:
                manifest = _manifest(data)
            else:
                found.setdefault(name, Summed()).add(data)
    if manifest is None:
        raise damaged("its end is missing")
    check_sums(manifest.tables, found)
    return manifest


def read_tables(path: Path, manifest: Manifest) -> Iterator[tuple[ArchivedTable, Iterator[bytes]]]:
    """Yield each table of the manifest with its pieces, checked again as they go by."""
    wanted = {table.name: table for table in manifest.tables}
    with _members(path) as members:
        name, data = next(members, (MANIFEST, b""))
        while name != MANIFEST:
            table = wanted.pop(name, None)
            if table is None:
                raise damaged(f"it was changed meanwhile: {name}")
            summed = Summed()

            def pieces(own: str = name, summed: Summed = summed) -> Iterator[bytes]:
                nonlocal name, data
                while name == own:
                    yield summed.add(data)
                    name, data = next(members, (MANIFEST, b""))

            yield table, pieces()
            check_sums((table,), {table.name: summed})
    if any(table.rows for table in wanted.values()):
        raise damaged("it was changed meanwhile")


def check_sums(tables: Iterable[ArchivedTable], found: dict[str, Summed]) -> None:
    """Refuse tables that are not what the manifest says, and those that it does not name."""
    left = dict(found)
    for table in tables:
        summed = left.pop(table.name, Summed())
        if (summed.rows, summed.size, summed.sha256) != (table.rows, table.size, table.sha256):
            raise damaged(f"table {table.name} does not have the checksum of its manifest")
    if left:
        raise damaged(f"it holds what its manifest does not name: {', '.join(left)}")


@contextmanager
def _members(path: Path) -> Iterator[Iterator[tuple[str, bytes]]]:
    try:
        with path.open("rb") as file:
            if file.peek(len(_PG_DUMP)).startswith(_PG_DUMP):
                raise only_readable("pg_restore")
            yield _read(file)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from error


def _read(file: io.BufferedReader) -> Iterator[tuple[str, bytes]]:
    """Yield table (or manifest) and data of each member; names are keys and never paths."""
    expected: dict[str, int] = {}
    try:
        with gzip.open(file) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                match = _NAME.fullmatch(member.name)
                _check(member, known=match is not None or member.name == MANIFEST)
                content = tar.extractfile(member)
                data = content.read() if content else b""
                if len(data) != member.size:
                    raise damaged("it ends in the middle")
                if match is None:
                    yield MANIFEST, data
                    continue
                if int(match[2]) != expected.get(match[1], 0):
                    raise damaged(f"parts of table {match[1]} are missing")
                expected[match[1]] = int(match[2]) + 1
                yield match[1], data
            while stream.read(_PIECE):
                pass  # the compression's own checksum stands at the very end
    except _BROKEN as error:
        raise damaged(f"it ends early or is no export ({error})") from error


def _check(member: tarfile.TarInfo, *, known: bool) -> None:
    if member.name.endswith(".csv"):
        raise only_readable("people")
    if not member.isreg() or not known:
        raise damaged("it holds what no export holds")
    if member.size > _LARGEST_MEMBER:
        raise damaged("a part of it is too large")


def _manifest(data: bytes) -> Manifest:
    try:
        return manifest_from_json(json.loads(data))
    except ValueError:
        raise damaged("its manifest is no JSON") from None
