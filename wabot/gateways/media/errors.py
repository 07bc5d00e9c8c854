"""What the disk or S3 says, in wabot's terms."""

from collections.abc import Iterator
from contextlib import contextmanager

from wabot.errors import StorageUnavailable


@contextmanager
def storage_errors(where: str) -> Iterator[None]:
    """Name the place when the disk or the network fails."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(
            f"Files cannot be kept in {where}: {error.strerror or error}",
            hint="Look at the disk's space and rights, or set WABOT_MEDIA.",
            retryable=True,
        ) from error
