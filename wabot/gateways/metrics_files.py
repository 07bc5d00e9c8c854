"""The folder in which several workers keep what they measure, so that one scrape tells the sum."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from wabot.errors import ConfigurationError

# Kept in memory where that can be: what is mapped from a disk that is full ends the process.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it


def metrics_home(home: Path) -> Path:
    """Return where the folders of all watchers of this user are."""
    if hasattr(os, "getuid") and os.access(_MEMORY, os.W_OK):
        return _MEMORY / f"wabot-metrics-{os.getuid()}"
    return home / "metrics"


def make_folder(base: Path) -> Path:
    """Make this process's own, empty; what watchers that are gone left behind is deleted."""
    own = base / str(os.getpid())
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if base.stat().st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "it belongs to somebody else")
        # It may be there from before, or below another mask.
        base.chmod(0o700)
        for found in base.iterdir():
            if found == own or (found.name.isdecimal() and not _lives(int(found.name))):
                shutil.rmtree(found, ignore_errors=True)
        own.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"The workers cannot keep their metrics in {own}: {error.strerror or error}",
            hint="Let this user write there, or set WABOT_METRICS=off.",
        ) from error
    return own


def delete_folder(folder: Path) -> None:
    """Delete it; a file that cannot be deleted stays for the next start."""
    shutil.rmtree(folder, ignore_errors=True)


def forget_process(folder: Path, place: str) -> None:
    """Drop the levels of a process that ended; what it counted goes on counting."""
    for file in folder.glob(f"gauge_live*_{place}.db"):
        with suppress(OSError):
            file.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
