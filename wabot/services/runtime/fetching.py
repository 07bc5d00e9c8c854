"""Fetches one file: where it is, its content, its checksum, its place, what became of it."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from wabot.domain.files import FileRefusal, limit_of, refusal, suffix_of
from wabot.domain.tenant import Tenant
from wabot.errors import DecryptionFailed
from wabot.logs import log
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.media_ports import (
    FileQueue,
    FileRecord,
    FileSource,
    FileStatus,
    FileStorage,
    FileToFetch,
    Incoming,
    Located,
    Miss,
    Missed,
)
from wabot.services.runtime.ports import TokenReader
from wabot.services.runtime.spans import UNTRACED, Spans

_log = logging.getLogger(__name__)

_TRIES = 5
# Meta keeps a file for seven days.
_TOO_OLD = timedelta(days=6, hours=12)
_ADDRESSES = 2


class _TooLarge(Exception):
    """More comes than is read."""


@dataclass(slots=True)
class _Sum:
    """Passes pieces on while they fit, and adds them up."""

    incoming: Incoming
    most: int
    size: int = 0
    hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.most:
            raise _TooLarge
        self.hash.update(piece)
        await self.incoming.write(piece)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches files for tenants; `most` is our own limit in bytes."""

    queue: FileQueue
    source: FileSource
    storage: FileStorage
    tokens: TokenReader
    most: int
    measures: Measures = UNMEASURED
    spans: Spans = UNTRACED

    async def fetch(self, tenant: Tenant, file: FileToFetch) -> FileRecord | Missed:
        """Return what became of the file, recorded by then, or why it has to wait.

        Raises StorageUnavailable or DatabaseUnavailable when it has to wait for these.
        """
        with self.spans.span("file", file.request_id, tenant=tenant.slug, kind=file.kind.value):
            return await self._try(tenant, file)

    async def _try(self, tenant: Tenant, file: FileToFetch) -> FileRecord | Missed:
        outcome: FileRecord | Missed = Missed(Miss.WAIT, "there is no token")
        for ciphertext in filter(None, (tenant.token, tenant.previous_token)):
            try:
                token = self.tokens.decrypt(tenant.id, ciphertext)
            except DecryptionFailed as error:
                outcome = Missed(Miss.WAIT, error.message)
                continue
            outcome = await self._fetch(tenant, file, token)
            if not (isinstance(outcome, Missed) and outcome.token_refused):
                break
        if isinstance(outcome, Missed):
            spent = outcome.counted and file.attempts + 1 >= _TRIES
            if outcome.miss is not Miss.NEVER and not spent and file.age < _TOO_OLD:
                return outcome
            outcome = FileRecord(file, FileStatus.FAILED, outcome.reason)
        await self.queue.record(tenant, outcome)
        self.measures.file(file.kind.value, outcome.status.value)
        log(
            _log,
            logging.INFO if outcome.status is FileStatus.STORED else logging.WARNING,
            f"media.{outcome.status.value}",
            "A customer's file was dealt with.",
            kind=file.kind.value,
            size=outcome.size,
            reason=outcome.reason,
        )
        return outcome

    async def _fetch(self, tenant: Tenant, file: FileToFetch, token: str) -> FileRecord | Missed:
        for _ in range(_ADDRESSES):
            found = await self.source.locate(file.phone_number_id, file.media_id, token)
            if isinstance(found, Missed):
                return found
            reason = refusal(file.kind, found.mime_type, found.size, most=self.most)
            if reason is not None:
                return _refused(file, found, reason)
            outcome = await self._download(tenant, file, found, token)
            if not (isinstance(outcome, Missed) and outcome.miss is Miss.STALE):
                return outcome
        return outcome

    async def _download(
        self, tenant: Tenant, file: FileToFetch, found: Located, token: str
    ) -> FileRecord | Missed:
        async with self.storage.receive() as incoming:
            summed = _Sum(incoming, limit_of(file.kind, self.most))
            try:
                missed = await self.source.download(found.url, token, summed.write)
            except _TooLarge:
                return _refused(file, found, FileRefusal.TOO_LARGE)
            if missed is not None:
                return missed
            if not summed.size:
                return Missed(Miss.AGAIN, "the file is empty")
            sha256 = summed.hash.hexdigest()
            if found.sha256 and found.sha256 != sha256:
                return Missed(Miss.AGAIN, "the file does not have the checksum that Meta told")
            location = location_of(tenant, file, found.mime_type)
            await incoming.keep(location, found.mime_type)
        return FileRecord(
            file,
            FileStatus.STORED,
            location=location,
            mime_type=found.mime_type,
            size=summed.size,
            sha256=sha256,
        )


def location_of(tenant: Tenant, file: FileToFetch, mime_type: str) -> str:
    """Return where a message's file is kept: the same at every try, nothing of it the sender's."""
    name = hashlib.sha256(f"{file.event_key}\n{file.media_id}".encode()).hexdigest()[:40]
    return f"{tenant.id}/{file.occurred_at:%Y-%m}/{name}.{suffix_of(file.kind, mime_type)}"


def _refused(file: FileToFetch, found: Located, reason: FileRefusal) -> FileRecord:
    return FileRecord(
        file, FileStatus.REFUSED, reason.value, mime_type=found.mime_type, size=found.size
    )
