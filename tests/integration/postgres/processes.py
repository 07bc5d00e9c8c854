"""Processes that use an embedded server, and questions to it."""

import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from wabot.gateways.embedded_postgres.binaries import Binaries

ROOT = Path(__file__).parents[3]

# Become another user, after the imports: root's Python need not be readable to that user.
_BECOME = """
import os, pwd, sys
from pathlib import Path
import psycopg
from wabot.gateways.embedded_postgres import EmbeddedPostgres, server, watch
if len(sys.argv) > 2:
    user = pwd.getpwnam(sys.argv[2])
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
"""

# Reports the URL once the server runs, and leaves when its standard input ends.
USE = (
    _BECOME
    + """
with EmbeddedPostgres(Path(sys.argv[1])).running() as embedded:
    print(embedded.url("postgres"), flush=True)
    sys.stdin.read()
"""
)

_CONNECT = """
try:
    psycopg.connect(sys.argv[1]).close()
except psycopg.OperationalError as error:
    print(error)
"""


@dataclass
class User:
    """A process that uses the server of a home until it is told to leave."""

    process: subprocess.Popen[str]

    def url(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, "the process ended before its server ran"
        return line

    def leave(self) -> int:
        """Let it end by itself; return its exit code."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.leave()


def can_run(name: str, programs: Binaries) -> bool:
    """Tell whether there is such a user, who can run PostgreSQL's programs there."""
    try:
        entry = pwd.getpwnam(name)
        return (
            subprocess.run(
                [programs.program("postgres"), "--version"],
                check=False,
                capture_output=True,
                user=entry.pw_uid,
                group=entry.pw_gid,
                extra_groups=[],
            ).returncode
            == 0
        )
    except (KeyError, OSError):
        return False


def connecting_as(name: str, url: str) -> str:
    """Return what psycopg says to another user who connects; nothing when it lets them in."""
    return subprocess.run(
        [sys.executable, "-c", _BECOME + _CONNECT, url, name],
        check=False,
        capture_output=True,
        text=True,
    ).stdout


def answers(url: str) -> bool:
    """Tell whether the server runs."""
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def postmaster(url: str) -> int:
    """Return the running server's process id."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int"
        ).fetchone()
        assert row is not None
        return int(row[0])
