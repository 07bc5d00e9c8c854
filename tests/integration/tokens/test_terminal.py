"""On a terminal the tokens about to end are walked one by one."""

import asyncio
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from tests.harness import make_tenant
from tests.integration.tokens.conftest import NEW, NUMBER
from wabot.config import Settings
from wabot.gateways.encryption import TokenCipher, fingerprint
from wabot.simulation.graph import StandInGraph

pytest.importorskip("pty", reason="a terminal as POSIX knows it")


def talk(environment: dict[str, str], words: Sequence[str], answers: dict[str, str]) -> str:
    """Run `wabot` on a terminal; type each answer once its question stands there."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from wabot.cli import main; main()", *words],
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "200", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen, left = b"", dict(answers)
    give_up = time.monotonic() + 60
    try:
        while time.monotonic() < give_up:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    seen += os.read(ours, 65536)
                except OSError:  # how Linux tells that the other side is closed
                    break
            for question in [asked for asked in left if asked.encode() in seen]:
                # A key that comes before the terminal hides what is typed would be shown.
                time.sleep(0.3)
                os.write(ours, left.pop(question).encode() + b"\n")
    finally:
        os.close(ours)
        process.kill()
        process.wait()
    assert not left, seen
    return seen.decode()


async def test_a_token_is_asked_for_each_and_enter_skips(
    settings: Settings, environment: dict[str, str], central_url: str, graph: StandInGraph
) -> None:
    for slug, number, token in (
        ("bodega", NUMBER, "EAAshortlived"),
        ("other", "106500000000002", "EAAended"),
    ):
        make_tenant(settings, central_url, slug, number=number, token=token)
    seen = await asyncio.to_thread(
        talk,
        {**environment, "WHATSAPP_API_BASE": graph.url},
        ("tenant", "rotate-token", "--all"),
        {"New token of other": "", "New token of bodega": NEW},
    )
    assert seen.index("New token of other") < seen.index("New token of bodega")
    assert f"bodega sends with the token {fingerprint(NEW)} now" in seen
    assert "EAA" not in seen
    connection: psycopg.Connection[Any]
    with psycopg.connect(central_url) as connection:
        rows = connection.execute("select slug, id, whatsapp_token from wabot.clients").fetchall()
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    assert {slug: cipher.decrypt(client, token) for slug, client, token in rows} == {
        "bodega": NEW,
        "other": "EAAended",
    }
