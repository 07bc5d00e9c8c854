"""`wabot simulate graph` as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

MESSAGE = {
    "messaging_product": "whatsapp",
    "to": "+5215512345678",
    "type": "text",
    "text": {"body": "Hola"},
}


def _command(*words: str) -> list[str]:
    program = "from wabot.cli import main; main()"
    return [sys.executable, "-c", program, "simulate", "graph", *words]


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **more}


@contextmanager
def _serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        _command("--port", "0", "--json", *words),
        cwd=folder,
        env=_environment(WHATSAPP_APP_SECRET="secret of the tests"),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield process, ready["data"]["url"]
    finally:
        process.kill()
        process.communicate()


def test_it_takes_messages_and_ends_on_sigterm(tmp_path: Path) -> None:
    with _serving(tmp_path) as (process, url):
        headers = {"Authorization": "Bearer any"}
        sent = httpx.post(f"{url}/v26.0/106500000000001/messages", json=MESSAGE, headers=headers)
        assert sent.status_code == 200
        listed = httpx.get(f"{url}/_control/messages").json()
        assert listed["messages"][0]["wamid"] == sent.json()["messages"][0]["id"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--port", "0", "--statuses", "eaten"), 2, "none, sent, delivered, read"),
        (("--port", "0", "--callback", "ftp://x"), 2, "no http address"),
        (("--port", "0", "--callback", "http://127.0.0.1:1/webhook"), 3, "WHATSAPP_APP_SECRET"),
        (("--port", "99999"), 2, "--port"),
    ],
)
def test_what_cannot_work_is_refused(
    tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    done = subprocess.run(
        _command(*words),
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert told in done.stderr


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with _serving(tmp_path) as (_, url):
        done = subprocess.run(
            _command("--port", url.rpartition(":")[2]),
            cwd=tmp_path,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 4
        assert "cannot listen" in done.stderr
