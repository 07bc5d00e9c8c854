"""`wabot serve` as processes of their own: started, watched, killed and rolled over."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from wabot.errors import ExternalFailure

_LISTENING = re.compile(r"Listening on (http://\S+)/webhook")
_COMMAND = (sys.executable, "-c", "from wabot.cli import main; main()", "serve")
_START = 60.0
_STOP = 60.0


@dataclass(slots=True)
class Servers:
    """One `wabot serve` with its workers; its log is a file."""

    process: subprocess.Popen[bytes]
    workers: int
    log: Path
    url: str = ""

    @property
    def pids(self) -> list[int]:
        """Return the processes that answer webhooks, where /proc tells them."""
        if self.workers == 1:
            return [self.process.pid]
        return children(self.process.pid)

    def memory(self) -> list[float]:
        """Return the resident memory of each in MB, where /proc tells it."""
        return [megabytes for pid in self.pids if (megabytes := resident(pid)) is not None]

    def kill(self, pid: int) -> None:
        """Let one die at once; the watcher starts it anew."""
        os.kill(pid, signal.SIGKILL)

    def roll(self) -> None:
        """Have every worker replaced, one after the other."""
        self.process.send_signal(signal.SIGHUP)

    def errors(self) -> Counter[str]:
        """Count the errors in the log by their names."""
        found: Counter[str] = Counter()
        with self.log.open("rb") as lines:
            for line in lines:
                if b'"error"' in line:
                    found.update(_error_in(line))
        return found


@contextmanager
def serving(environment: Mapping[str, str], workers: int) -> Iterator[Servers]:
    """Serve on a free port while the block lasts; `environment` is all that the processes see."""
    command = [*_COMMAND, "--port", "0", "--workers", str(workers)]
    with TemporaryDirectory(prefix="wabot-load-") as folder:
        log = Path(folder) / "serve.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                # Not the operator's folder: a .env there has no say.
                cwd=folder,
                # Beside a server of the operator's, whose address is taken.
                env={"WABOT_ADMIN_PORT": "0", **environment},
                stderr=stream,
            )
        servers = Servers(process, workers, log)
        try:
            servers.url = _wait_for_url(servers)
            yield servers
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP)


def children(pid: int) -> list[int]:
    """Return the processes that a process started, where /proc tells them."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(child) for child in listed.split()]


def resident(pid: int) -> float | None:
    """Return the resident memory of a process in MB, where /proc tells it."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def _wait_for_url(servers: Servers) -> str:
    until = time.monotonic() + _START
    while time.monotonic() < until and servers.process.poll() is None:
        found = _LISTENING.findall(servers.log.read_text(encoding="utf-8", errors="replace"))
        if len(found) >= servers.workers:
            return str(found[0])
        time.sleep(0.1)
    tail = servers.log.read_text(errors="replace")[-2000:]
    raise ExternalFailure(f"The server did not start:\n{tail}")


def _error_in(line: bytes) -> list[str]:
    try:
        entry = json.loads(line)
    except ValueError:
        return []
    if not isinstance(entry, dict) or entry.get("level") != "error":
        return []
    return [str(entry.get("action") or entry.get("logger"))]
