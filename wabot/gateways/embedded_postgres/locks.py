"""Locks on files. The kernel releases them when the last process that holds them ends, however."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wabot.errors import ConfigurationError, DatabaseUnavailable
from wabot.gateways.embedded_postgres.account import Account

_POLL = 0.01


def open_lock(path: Path, account: Account) -> int:
    """Open the lock's file; it belongs to the server's user even when root makes it."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"The lock {path} of the embedded PostgreSQL cannot be opened: {error.strerror}",
            hint="Set WABOT_HOME to a folder of its own that you may write, or set DATABASE_URL.",
        ) from error
    found = os.fstat(fd)
    if account.other and found.st_uid != account.uid and found.st_nlink == 1:
        os.fchown(fd, account.uid, account.gid)
    return fd


def try_lock(fd: int) -> bool:
    """Take the lock for oneself alone if nobody else has a part in it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share_lock(fd: int) -> None:
    """Take a part in the lock."""
    fcntl.flock(fd, fcntl.LOCK_SH)


def is_held(path: Path, account: Account) -> bool:
    """Tell whether any living process holds the lock."""
    fd = open_lock(path, account)
    try:
        return not try_lock(fd)
    finally:
        os.close(fd)


@contextmanager
def exclusive(path: Path, account: Account, *, timeout: float) -> Iterator[None]:
    """Hold the lock alone; wait for it at most `timeout` seconds."""
    fd = open_lock(path, account)
    try:
        deadline = time.monotonic() + timeout
        while not try_lock(fd):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"Another wabot command has been starting or stopping the embedded PostgreSQL"
                    f" for over {timeout:g} s ({path})",
                    hint="Look for a stuck wabot process (ps aux | grep wabot), end it, try again.",
                    retryable=True,
                )
            time.sleep(_POLL)
        yield
    finally:
        os.close(fd)
