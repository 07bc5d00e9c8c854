"""The system user that the server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from wabot.errors import ConfigurationError

# In order of preference; all of them may exist already, none is ever made.
CANDIDATES = ("wabot", "postgres", "nobody")

# Nothing of the caller's environment: PGPORT, PGDATA, PGOPTIONS would reach the server.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Account:
    """A system user; root runs programs as it, everybody else is it."""

    uid: int
    gid: int
    name: str

    @property
    def other(self) -> bool:
        """Tell whether it is not the user of this process: only root may switch."""
        return self.uid != os.geteuid()

    def run(
        self, *command: str | Path, cwd: Path, pass_fds: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this user, out of reach of the terminal's Ctrl-C."""
        return subprocess.run(  # noqa: S603 - PostgreSQL's programs and /bin/sh, no shell text
            command,
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            start_new_session=True,
            umask=0o077,
            pass_fds=pass_fds,
            user=self.uid if self.other else None,
            group=self.gid if self.other else None,
            extra_groups=[] if self.other else None,
        )

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this user reaches the folder: every parent has a say."""
        if not self.other:
            return os.access(folder, os.X_OK)
        return self.run("/bin/sh", "-c", 'cd "$0"', folder, cwd=Path("/")).returncode == 0


def account_for(home: Path) -> Account:
    """Return who runs the server: oneself, or for root the owner of what is there, else another."""
    me = os.geteuid()
    if me != 0:
        return _by_uid(me)
    for folder in (home / "postgres", home):
        if folder.exists() and (owner := folder.stat().st_uid) != 0:
            return _by_uid(owner)
    for name in CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(found.pw_uid, found.pw_gid, name)
    raise ConfigurationError(
        "PostgreSQL refuses to run as root, and none of the users"
        f" {', '.join(CANDIDATES)} exists to run it",
        hint="Make one (useradd --system wabot), run wabot as an ordinary user,"
        " or set DATABASE_URL.",
    )


def _by_uid(uid: int) -> Account:
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        raise ConfigurationError(
            f"The user id {uid} has no name on this system; PostgreSQL needs one to start",
            hint="Add the user to /etc/passwd, or set DATABASE_URL.",
        ) from None
    return Account(uid, found.pw_gid, found.pw_name)
