"""Customers' files in S3 or whatever speaks its language, through boto3 in threads."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import Any
from uuid import UUID

from wabot.domain.counted import counted
from wabot.errors import StorageUnavailable
from wabot.gateways.aws.clients import aws_client
from wabot.gateways.aws.errors import AwsFailure, aws_errors
from wabot.gateways.media.spool import Spool

_PERMISSION = "s3:PutObject, s3:DeleteObject, s3:ListBucket"


class S3Storage:
    """Objects below a prefix of one bucket; who may read them is the bucket's affair.

    `encryption` is what S3 is asked to encrypt with (AES256, aws:kms), empty for the bucket's own.
    Region, keys and endpoint are the AWS SDK's ordinary settings.
    """

    def __init__(self, bucket: str, prefix: str = "", *, encryption: str = "") -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._encryption = encryption

    @cached_property
    def _client(self) -> Any:
        return aws_client("s3")

    @asynccontextmanager
    async def receive(self) -> AsyncIterator["_Incoming"]:
        """Begin a file; what was not kept is forgotten at the end."""
        spool = Spool()
        try:
            await spool.open()
            yield _Incoming(spool, self)
        finally:
            await spool.discard()

    def put(self, spool: Spool, location: str, mime_type: str) -> None:
        """Upload a whole file, blocking: an object is there whole or not at all."""
        extra: dict[str, Any] = {"ContentType": mime_type or "application/octet-stream"}
        if self._encryption:
            extra["ServerSideEncryption"] = self._encryption
        with self._errors(), spool.path.open("rb") as file:
            # A single request: parts of an upload that was cut off would stay and cost.
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + location, Body=file, **extra
            )

    def delete_tenant(self, client_id: UUID) -> int:
        """Delete all files of a tenant, blocking; return how many there were."""
        count = 0
        with self._errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{client_id}/"
            )
            for page in pages:
                keys = [{"Key": found["Key"]} for found in page.get("Contents", ())]
                if not keys:
                    continue
                done = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True}
                )
                failed = done.get("Errors", [])
                if failed:
                    raise self._unavailable(
                        f"{counted(len(failed), 'file')} could not be deleted:"
                        f" {failed[0].get('Message')}"
                    )
                count += len(keys)
        return count

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with aws_errors(self._cannot, permission=_PERMISSION):
                yield
        except AwsFailure as failure:
            hint = failure.hint or "Look with: wabot check aws"
            raise StorageUnavailable(failure.message, hint=hint, retryable=True) from failure
        except OSError as error:
            raise self._unavailable(str(error)) from error

    @property
    def _cannot(self) -> str:
        return f"Files cannot be kept in s3://{self._bucket}/{self._prefix}"

    def _unavailable(self, reason: str) -> StorageUnavailable:
        return StorageUnavailable(
            f"{self._cannot}: {reason}", hint="Look with: wabot check aws", retryable=True
        )


class _Incoming:
    def __init__(self, spool: Spool, storage: S3Storage) -> None:
        self._spool = spool
        self._storage = storage

    async def write(self, piece: bytes) -> None:
        """Append a piece."""
        await self._spool.write(piece)

    async def keep(self, location: str, mime_type: str) -> None:
        """Put the whole file in its place, over one of that name."""
        await self._spool.finish()
        await asyncio.to_thread(self._storage.put, self._spool, location, mime_type)
