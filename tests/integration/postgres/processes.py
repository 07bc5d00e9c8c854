"""Processes that use an embedded server, and questions to it."""

import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[3]

# Reports the URL once the server runs, and leaves when its standard input ends.
USE = """
import sys
from pathlib import Path
from wabot.gateways.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])).running() as server:
    print(server.url("postgres"), flush=True)
    sys.stdin.read()
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


def can_import(name: str) -> bool:
    """Tell whether a user can run this Python with the project."""
    try:
        entry = pwd.getpwnam(name)
        return (
            subprocess.run(
                [sys.executable, "-c", "import wabot.gateways.embedded_postgres"],
                cwd=ROOT,
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
