"""Exports in S3 or whatever speaks its language, by way of a private file of this machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from wabot.errors import Conflict, ExternalFailure, InvalidInput
from wabot.gateways.aws.clients import aws_client
from wabot.gateways.aws.errors import AwsFailure, aws_errors, explained

_PART = 16 * 1024 * 1024
_PERMISSION = "s3:PutObject, s3:GetObject, s3:ListBucket, s3:AbortMultipartUpload"
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Depot:
    """Objects below a prefix of one bucket; who may read them is the bucket's affair.

    `encryption` is what S3 is asked to encrypt with (AES256, aws:kms), empty for the bucket's own.
    """

    def __init__(self, bucket: str, prefix: str = "", *, encryption: str = "") -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._encryption = encryption

    @cached_property
    def _client(self) -> Any:
        return aws_client("s3", read=60)

    def address(self, name: str) -> str:
        """Return the object's address."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def require_usable(self) -> None:
        """Raise AwsFailure when the bucket cannot be reached."""
        self.holds("")

    def require_free(self, name: str) -> None:
        """Raise Conflict when the name is taken; AwsFailure when the bucket cannot be reached."""
        if self.holds(name):
            raise Conflict(
                f"{self.address(name)} exists already",
                hint="Name another object, or a prefix: each export gets a name of its own.",
            )

    def holds(self, name: str) -> bool:
        """Tell whether there is an object of that name."""
        with aws_errors(f"{self.address(name)} cannot be looked at", permission=_PERMISSION):
            # By listing: asking for one object, S3 tells a missing one and a missing bucket alike.
            found = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=f"{self._prefix}{name}", MaxKeys=1
            )
        return any(entry["Key"] == f"{self._prefix}{name}" for entry in found.get("Contents", ()))

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a private file, and upload it when the block ends well.

        S3 compares checksums of what arrives; an upload in parts that fails leaves none behind.
        """
        with _spool() as folder:
            path = folder / name
            yield path
            extra = {"ServerSideEncryption": self._encryption} if self._encryption else {}
            with self._transfer(f"{self.address(name)} cannot be written"):
                self._client.upload_file(
                    str(path),
                    self._bucket,
                    self._prefix + name,
                    ExtraArgs={"ContentType": "application/octet-stream", **extra},
                    Config=_parts(),
                )

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Fetch the object into a private file, which is gone after the block."""
        with _spool() as folder:
            path = folder / name
            try:
                with self._transfer(f"{self.address(name)} cannot be read"):
                    self._client.download_file(
                        self._bucket, self._prefix + name, str(path), Config=_parts()
                    )
            except AwsFailure as failure:
                raise self._unreadable(name, failure) from failure
            yield path

    @contextmanager
    def _transfer(self, what: str) -> Iterator[None]:
        from boto3.exceptions import Boto3Error

        try:
            with aws_errors(what, permission=_PERMISSION):
                yield
        except Boto3Error as error:
            # What went wrong is inside: a transfer has words of its own for it.
            cause = getattr(error, "last_exception", None) or error.__context__ or error
            raise explained(cause, what, permission=_PERMISSION) from error
        except OSError as error:
            raise ExternalFailure(
                f"{what}: {error.strerror or error}",
                hint="Make room in the folder for temporary files, or name another in TMPDIR.",
                retryable=True,
            ) from error

    def _unreadable(self, name: str, failure: AwsFailure) -> Exception:
        if failure.aws_code in _ABSENT:
            return InvalidInput(
                f"there is no {self.address(name)}",
                hint=f"See what there is: aws s3 ls s3://{self._bucket}/{self._prefix}",
            )
        if failure.aws_code == "InvalidObjectState":
            return InvalidInput(
                f"{self.address(name)} lies in an archive class of S3",
                hint="Bring it back first: aws s3api restore-object --restore-request Days=3"
                f" --bucket {self._bucket} --key {self._prefix}{name}",
            )
        return failure


@contextmanager
def _spool() -> Iterator[Path]:
    # Of mode 700, in TMPDIR: what is in it holds a shop's customers.
    with tempfile.TemporaryDirectory(prefix="wabot-export-") as folder:
        yield Path(folder)


def _parts() -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=4, use_threads=True
    )
