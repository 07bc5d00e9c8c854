"""Start and stop one PostgreSQL server. Callers hold the turn: nobody else does so meanwhile.

The server inherits an open lock from who starts it, so whether it lives is never guessed from a
process id: ids are used again, and inside containers always the same few.
"""

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.pq import PGconn, Ping

from wabot.errors import ConfigurationError, DatabaseUnavailable, WabotError
from wabot.gateways.embedded_postgres.account import Account
from wabot.gateways.embedded_postgres.binaries import Binaries, binaries_for, find_binaries
from wabot.gateways.embedded_postgres.folders import HERE, PORT, Folders, make_private, remove_own
from wabot.gateways.embedded_postgres.locks import is_held, open_lock, try_lock
from wabot.gateways.embedded_postgres.memory import memory_of_machine, shared_buffers

SUPERUSER = "postgres"

_log = logging.getLogger(__name__)
_POLL = 0.005
_START_TIMEOUT = 120.0  # after a power cut PostgreSQL replays its journal first
# Thousands of shops are tens of thousands of files to write out; cut short, all of it comes back as
# a recovery at the next start.
_STOP_TIMEOUT = 300.0
_LOG_LIMIT = 5_000_000

# Says whose a server process is, where processes' arguments can be read.
_MARK = "wabot.home"

# Written once into postgresql.conf, where an operator may change them.
_INITIAL = {
    "max_connections": "100",
    # Between two checkpoints every page is written whole at its first change: of a thousand shops
    # those are many.
    "max_wal_size": "2GB",
    "max_locks_per_transaction": "256",
    # Parallel queries need /dev/shm, which containers keep small; ours are short.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and DETAIL lines hold what customers wrote.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


def _initial() -> dict[str, str]:
    return {"shared_buffers": f"{shared_buffers(memory_of_machine())}MB", **_INITIAL}


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """The server of one data folder."""

    folders: Folders
    account: Account
    options: Mapping[str, str] = field(default_factory=dict)

    def ensure_running(self) -> Path:
        """Start the server unless it runs; return its socket's folder."""
        try:
            return self._ensure_running()
        except OSError as error:
            raise self._failure("did not start", str(error)) from error
        finally:
            if not is_held(self.folders.alive, self.account):
                self._leave_nothing_elsewhere()

    def _ensure_running(self) -> Path:
        deadline = time.monotonic() + _START_TIMEOUT
        # When it does not run, somebody may have been killed while starting or making it.
        if self._wait_until_ready(deadline):
            return self._socket_in_use()
        self._check_data()
        binaries = binaries_for(self.account, self.folders)
        if not self.folders.data.exists():
            self._make_data(binaries)
        socket = self._start(binaries)
        if not self._wait_until_ready(deadline):
            raise self._failure("did not start", self._log_tail())
        return socket

    def stop(self) -> None:
        """Stop the server in fast mode: sessions end, nothing committed is lost."""
        for stop_signal, timeout in ((signal.SIGINT, _STOP_TIMEOUT), (signal.SIGQUIT, 10.0)):
            pid = self._postmaster()
            if pid is None:
                break
            os.kill(pid, stop_signal)
            if self._wait_until_gone(timeout):
                self._leave_nothing_elsewhere()
                return
        if is_held(self.folders.alive, self.account):
            _log.warning(
                "The embedded PostgreSQL could not be stopped",
                extra={"folder": str(self.folders.data)},
            )

    def _check_data(self) -> None:
        data = self.folders.data
        if not data.exists():
            return
        try:
            major = (data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            # Ours is renamed into place when complete; keep whatever this is out of the way.
            data.rename(data.with_name(f"data.unusable-{time.time_ns()}"))
            return
        ours = find_binaries().major
        if major != str(ours):
            raise ConfigurationError(
                f"The data in {data} was made by PostgreSQL {major};"
                f" this installation runs PostgreSQL {ours}",
                hint=f"Install the wabot that made it, save everything with pg_dumpall, move"
                f" {data} away and load it into the new server; or set WABOT_HOME to another"
                " folder, or DATABASE_URL.",
            )

    def _make_data(self, binaries: Binaries) -> None:
        """Make the data folder under another name; only a complete one gets its own."""
        unfinished = self.folders.base / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        make_private(unfinished, self.account)
        lock = self._hold_alive()
        try:
            result = self.account.run(
                binaries.program("initdb"),
                f"--pgdata={self._seen_from_within(unfinished)}",
                f"--username={SUPERUSER}",
                # Nobody but the server's user gets to the socket's folder, and there is no TCP.
                "--auth-local=trust",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *(f"--set={name}={value}" for name, value in _initial().items()),
                cwd=unfinished,
                pass_fds=(lock,),
            )
        finally:
            os.close(lock)
        if result.returncode != 0:
            raise self._failure("could not make its data folder", result.stdout)
        unfinished.rename(self.folders.data)

    def _start(self, binaries: Binaries) -> Path:
        socket = self.folders.socket(self.account)
        lock = self._hold_alive()
        try:
            make_private(socket, self.account)
            # No process of this server lives, so these are left-overs: with a process id that
            # something else has now, they would keep it from starting.
            (self.folders.data / "postmaster.pid").unlink(missing_ok=True)
            for leftover in socket.glob(".s.PGSQL.*"):
                leftover.unlink()
            if self.folders.log.exists() and self.folders.log.stat().st_size > _LOG_LIMIT:
                self.folders.log.replace(self.folders.log.with_suffix(".log.1"))
            options = {
                "port": str(PORT),
                "listen_addresses": "",
                "unix_socket_directories": self._relative(socket),
                "unix_socket_permissions": "0700",
                "log_destination": "stderr",
                "logging_collector": "off",
                _MARK: str(self.folders.home),
                # After a crash: one call per disk instead of one per file, of which each shop has
                # dozens. With 1,000 shops the start took minutes.
                **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
                **self.options,
            }
            # The shell's only work is to leave the server behind as nobody's child.
            result = self.account.run(
                "/bin/sh",
                "-c",
                '"$@" </dev/null >>"$0" 2>&1 &',
                f"../{self.folders.log.name}",
                binaries.program("postgres"),
                "-D",
                self._seen_from_within(self.folders.data),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
                cwd=self.folders.data,
                pass_fds=(lock,),
            )
        finally:
            os.close(lock)
        if result.returncode != 0:
            raise self._failure("did not start", result.stdout)
        return socket

    def _seen_from_within(self, folder: Path) -> Path:
        """Return how a process of the server names the folder that it is started in."""
        return folder if self.account.can_enter(folder) else HERE

    def _relative(self, socket: Path) -> str:
        """Return the folder as the server names it: no byte of WABOT_HOME needs quoting there."""
        if socket.parent == self.folders.base:
            return f"../{socket.name}"
        return '"' + str(socket).replace('"', '""') + '"'

    def _hold_alive(self) -> int:
        fd = open_lock(self.folders.alive, self.account)
        if not try_lock(fd):
            os.close(fd)
            raise self._failure("is still going down", "")
        return fd

    def _wait_until_ready(self, deadline: float) -> bool:
        """Wait for the server to take connections; False when no process of it is left."""
        while is_held(self.folders.alive, self.account):
            if self._answers():
                return True
            if time.monotonic() > deadline:
                raise self._failure("does not get ready", self._log_tail())
            time.sleep(_POLL)
        return False

    def _answers(self) -> bool:
        status = self._pid_file()[7:8]
        if not status or status[0].strip() != "ready":
            return False  # spares the server's log a line for each early look
        host = _quoted(os.fsencode(self._socket_in_use()))
        target = f"user={SUPERUSER} dbname=postgres port={PORT} connect_timeout=5 host="
        return PGconn.ping(target.encode() + host) == Ping.OK

    def _wait_until_gone(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while is_held(self.folders.alive, self.account):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True

    def _socket_in_use(self) -> Path:
        """Return the running server's folder: who started it may have had another TMPDIR."""
        lines = self._pid_file()
        if len(lines) > 4 and lines[4]:
            return (self.folders.data / lines[4]).resolve()
        return self.folders.socket(self.account)

    def _leave_nothing_elsewhere(self) -> None:
        socket = self.folders.socket(self.account)
        if socket.parent != self.folders.base:
            with suppress(OSError):
                socket.rmdir()
        remove_own(self.folders.programs)

    def _postmaster(self) -> int | None:
        """Return the server's process id, if the process of that id is our server."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit() or not is_held(self.folders.alive, self.account):
            return None
        pid = int(lines[0])
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return pid if os.fsencode(f"{_MARK}={self.folders.home}") in words else None
        return None if Path("/proc/self").exists() else pid

    def _pid_file(self) -> list[str]:
        try:
            text = (self.folders.data / "postmaster.pid").read_text(errors="surrogateescape")
        except OSError:
            return []
        return text.splitlines()

    def _log_tail(self) -> str:
        try:
            return self.folders.log.read_text(errors="replace")[-2000:]
        except OSError:
            return ""

    def _failure(self, what: str, output: str) -> WabotError:
        lines = [line for line in output.splitlines() if line.strip()]
        said = [line for line in lines if "FATAL" in line or "error" in line.lower()]
        reason = (said or lines or [""])[-1].strip()
        message = f"The embedded PostgreSQL {what} ({self.folders.base})"
        if reason:
            message = f"{message}: {reason}"
        if "Permission denied" in output:
            return ConfigurationError(
                message, hint="Set WABOT_HOME to a folder of its own, or set DATABASE_URL."
            )
        if "No space left" in output:
            return DatabaseUnavailable(message, hint="Make room on that disk, then try again.")
        return DatabaseUnavailable(
            message, hint=f"Its log is {self.folders.log}; or set DATABASE_URL to use another."
        )


def _quoted(value: bytes) -> bytes:
    return b"'" + value.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"
