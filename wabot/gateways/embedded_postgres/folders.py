"""Where the embedded server keeps what. Nothing outside WABOT_HOME is chmod-ed or written.

Two exceptions, in folders of their own under the system's temporary folder, gone when the server
stops: a socket's path is limited to some hundred bytes, so below a very long WABOT_HOME it lies
there; and PostgreSQL's programs, when both they and WABOT_HOME are closed to the server's user.
"""

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wabot.errors import ConfigurationError
from wabot.gateways.embedded_postgres.account import Account

PORT = 5432
# The working folder by a name that needs no right to pass its parents (Linux): the server's user
# is put into its folder by root, even below a parent that is closed to it, such as /root.
HERE = Path("/proc/self/cwd")
_SOCKET = f".s.PGSQL.{PORT}"
_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
_OTHER_HOME = "Set WABOT_HOME to a folder of its own that you may write, or set DATABASE_URL."


@dataclass(frozen=True, slots=True)
class Folders:
    """Paths below one WABOT_HOME; everything in `base` belongs to the server's user."""

    home: Path

    @property
    def base(self) -> Path:
        """Return the folder of all that is the server's."""
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        """Return PostgreSQL's data folder."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.base / "server.log"

    @property
    def turn(self) -> Path:
        """Return the lock of who starts or stops the server."""
        return self.base / "turn.lock"

    @property
    def users(self) -> Path:
        """Return the lock that everybody who uses the server shares."""
        return self.base / "users.lock"

    @property
    def alive(self) -> Path:
        """Return the lock that the server's own processes hold as long as one of them lives."""
        return self.base / "alive.lock"

    def socket(self, account: Account) -> Path:
        """Return the socket's folder. libpq takes a comma for the end of a host."""
        inside = self.base / "run"
        if len(os.fsencode(inside / _SOCKET)) <= _PATH_LIMIT and "," not in str(inside):
            return inside
        return self._elsewhere(str(account.uid))

    @property
    def programs(self) -> Path:
        """Return where copied programs go that cannot be run in the home."""
        return self._elsewhere("programs")

    def _elsewhere(self, what: str) -> Path:
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"wabot-{what}-{name}"


def prepare(folders: Folders, account: Account) -> None:
    """Make the folders, private, and see that the server's user can work there."""
    try:
        _prepare_home(folders, account)
        make_private(folders.base, account)
    except OSError as error:
        raise ConfigurationError(
            f"WABOT_HOME {folders.home} cannot be used: {error.strerror} ({error.filename})",
            hint=_OTHER_HOME,
        ) from error
    if HERE.exists() or account.can_enter(folders.base):
        return
    raise ConfigurationError(
        f"The user {account.name}, who runs the embedded PostgreSQL, cannot reach {folders.base}",
        hint="Set WABOT_HOME to a folder of its own that this user can reach,"
        " such as /var/lib/wabot, or set DATABASE_URL.",
    )


def _prepare_home(folders: Folders, account: Account) -> None:
    home = folders.home
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
    if not account.other or account.can_enter(home):
        return
    # Root's own folder is opened for the server's group to pass through, and for nobody else;
    # but only a folder that is wabot's alone: WABOT_HOME=/root must not open /root.
    if folders.base.exists() or not any(home.iterdir()):
        os.chown(home, -1, account.gid)
        home.chmod(0o710)


def make_private(folder: Path, account: Account) -> None:
    """Make a folder that only the server's user (and root) can enter, or check that it is one."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
            raise ConfigurationError(
                f"{folder} exists and does not belong to the user {account.name}",
                hint=_OTHER_HOME,
            ) from None
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    if account.other:
        os.chown(folder, account.uid, account.gid)


def make_readable(folder: Path) -> None:
    """Make a folder that everybody may read and only this user writes, or check that it is one."""
    try:
        folder.mkdir()
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise ConfigurationError(
                f"{folder} exists and belongs to somebody else",
                hint="Remove it, or set TMPDIR to another folder.",
            ) from None
    folder.chmod(0o755)


def remove_own(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there and this user's."""
    with suppress(OSError):
        if folder.lstat().st_uid == os.geteuid():
            shutil.rmtree(folder)
