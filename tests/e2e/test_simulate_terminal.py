"""The chat on a terminal."""

import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="a terminal as POSIX knows it")


class Terminal:
    """A program on a terminal of 80 columns."""

    def __init__(self, home: Path, *words: str) -> None:
        self.seen = ""
        self._pending = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            environment = {
                "PATH": os.environ["PATH"],
                "WABOT_HOME": str(home),
                "TERM": "xterm",
                "COLUMNS": "80",
                "LINES": "40",
                "PYTHONIOENCODING": "utf-8",
            }
            program = "from wabot.cli import main; main()"
            os.execve(sys.executable, [sys.executable, "-c", program, *words], environment)

    def type(self, line: str) -> None:
        os.write(self._fd, line.encode())

    def wait_for(self, words: str, *, times: int = 1, patience: float = 60.0) -> None:
        end = time.monotonic() + patience
        while self.seen.count(words) < times:
            assert time.monotonic() < end, f"{words!r} does not come: {self.seen[-2000:]}"
            self._read()

    def wait_for_prompt(self, patience: float = 60.0) -> None:
        end = time.monotonic() + patience
        while not self.seen.endswith("» "):
            assert time.monotonic() < end, f"no prompt comes: {self.seen[-2000:]}"
            self._read()
        # A key that comes before the terminal listens is lost, as for a person.
        time.sleep(0.3)

    def leave(self, patience: float = 30.0) -> int:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"it does not end: {self.seen[-2000:]}")

    def _read(self) -> None:
        if not select.select([self._fd], [], [], 0.1)[0]:
            return
        try:
            self._pending += os.read(self._fd, 65536)
        except OSError:  # how Linux tells that the other side is closed
            return
        self.seen += self._pending.decode("utf-8", "ignore")
        self._pending = b""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="wabot-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_bubbles_numbers_and_ctrl_d(home: Path) -> None:
    terminal = Terminal(home, "simulate", "conversation")
    terminal.wait_for_prompt()
    terminal.type("hola\n")
    terminal.wait_for("Ver catálogo")
    assert "╭" in terminal.seen
    terminal.type("2\n")
    terminal.wait_for("↪ Hacer un pedido")
    terminal.wait_for("Limpieza y hogar")
    terminal.type("/nada\n")
    terminal.wait_for("/nada is no command")
    for line, answer in (
        ("sal", "¿Cuánto quieres?"),
        ("2", "Terminar pedido"),
        ("2", "Recoger en tienda"),
        ("2", "¿Lo confirmas?"),
        ("1", "Order P-101 is in PostgreSQL"),
    ):
        terminal.type(f"{line}\n")
        terminal.wait_for(answer)
    assert "owner (+" in terminal.seen
    terminal.wait_for_prompt()
    terminal.type("\x04")
    assert terminal.leave() == 0
    assert "wabot simulate orders" in terminal.seen


def test_ctrl_c_ends_cleanly(home: Path) -> None:
    terminal = Terminal(home, "simulate", "conversation")
    terminal.wait_for_prompt()
    terminal.type("hola\n")
    terminal.wait_for("¡Hola, Ana!")
    terminal.wait_for_prompt()
    terminal.type("\x03")
    assert terminal.leave() == 0
    assert "Traceback" not in terminal.seen
