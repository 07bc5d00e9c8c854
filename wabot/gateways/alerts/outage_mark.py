"""A file that one process of a machine makes: the others see that it tells of the outage."""

import os
import time
from contextlib import suppress
from pathlib import Path

# Whoever tells of the outage renews the file every minute.
_STALE = 300.0


class OutageMark:
    """The file `database_away` in the home folder; an old one was left by a process that died."""

    def __init__(self, home: Path) -> None:
        self._path = home / "database_away"

    def take(self) -> bool:
        """Make the file; false when there is a fresh one. Without a folder everybody tells."""
        with suppress(OSError):
            if time.time() - self._path.stat().st_mtime > _STALE:
                self._path.unlink()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        except OSError:
            return True
        return True

    def keep(self) -> None:
        """Renew the file: the outage goes on, and so does whoever tells of it."""
        with suppress(OSError):
            os.utime(self._path)

    def leave(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
