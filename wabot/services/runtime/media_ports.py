"""What fetching customers' files needs of the outside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from wabot.domain.files import MediaKind
from wabot.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class FileToFetch:
    """A file that a stored message brought; it is fetched by whoever holds its lease."""

    phone_number_id: str
    media_id: str
    event_key: str
    contact: str
    kind: MediaKind
    occurred_at: datetime
    attempts: int = 0
    age: timedelta = timedelta(0)
    request_id: str = ""


class FileStatus(StrEnum):
    """What became of a file."""

    STORED = "stored"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the tenant keeps of a file; `location` is empty unless it is stored."""

    file: FileToFetch
    status: FileStatus
    reason: str = ""
    location: str = ""
    mime_type: str = ""
    size: int = 0
    sha256: str = ""


class FileQueue(Protocol):
    """The files still to be fetched, and what became of the others. Times are the database's."""

    async def claim(
        self, limit: int, per_tenant: int, busy: Mapping[str, int]
    ) -> list[FileToFetch]:
        """Lease files whose time has come; `busy` counts those at work by number."""

    async def renew(self, files: Sequence[FileToFetch]) -> None:
        """Prolong the leases."""

    async def postpone(self, file: FileToFetch, reason: str, *, counted: bool) -> None:
        """Give a lease back; the pause grows with the age of the file."""

    async def record(self, tenant: Tenant, record: FileRecord) -> None:
        """Write in the tenant's tables what became of a file; a second time changes nothing."""

    async def finish(self, file: FileToFetch) -> None:
        """Take a file off the queue."""

    async def release_all(self) -> None:
        """Give back every lease of this process."""

    async def watch(self, patience: timedelta) -> list[str]:
        """Alert, once per tenant, when files wait longer than that; resolve what is over.

        Returns the alerts that are new.
        """

    async def purge(self, kept: timedelta) -> int:
        """Drop files that came longer ago than that: their ids mean nothing any more."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a file can be had for a few minutes, and what Meta says of it."""

    url: str
    mime_type: str
    sha256: str
    size: int


class Miss(StrEnum):
    """Why a file was not had: whether it may be, and whether the try counts."""

    WAIT = "wait"
    """Graph is away or refuses everything: no fault of the file."""
    AGAIN = "again"
    """Something went wrong with this file."""
    STALE = "stale"
    """The address does not work any more: another is asked for."""
    NEVER = "never"
    """There is no such file, or Meta could not get it either."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A file was not had."""

    miss: Miss
    reason: str
    token_refused: bool = False

    @property
    def counted(self) -> bool:
        """Tell whether this was one of the file's tries."""
        return self.miss is not Miss.WAIT


Write = Callable[[bytes], Awaitable[None]]


class FileSource(Protocol):
    """Meta's two steps: where a file is, then the file."""

    async def locate(self, phone_number_id: str, media_id: str, token: str) -> Located | Missed:
        """Ask where the file can be had; never raises for what Graph or the network does."""

    async def download(self, url: str, token: str, write: Write) -> Missed | None:
        """Hand the file to `write` piece by piece; what `write` raises ends it."""


class Incoming(Protocol):
    """A file on its way into the store; nothing is there before it is kept."""

    async def write(self, piece: bytes) -> None:
        """Append a piece."""

    async def keep(self, location: str, mime_type: str) -> None:
        """Put the whole file in its place, over one of that name; raises StorageUnavailable."""


class FileStorage(Protocol):
    """Where customers' files are kept; locations are relative and made by wabot alone."""

    def receive(self) -> AbstractAsyncContextManager[Incoming]:
        """Begin a file; what was not kept is forgotten at the end."""

    def delete_tenant(self, client_id: UUID) -> int:
        """Delete all files of a tenant, blocking; return how many there were."""
