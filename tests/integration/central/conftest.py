"""A server of a test's own: for what changes roles, which belong to the whole server."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wabot.gateways.embedded_postgres import EmbeddedPostgres


@pytest.fixture
def own_server() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="wb-"))
    try:
        with EmbeddedPostgres(home, options={"fsync": "off"}).running() as server:
            yield server.url("postgres")
    finally:
        shutil.rmtree(home)
