"""What is for operators has an address of its own."""

import socket

import pytest

from tests.harness import Harness
from wabot.errors import Refused
from wabot.server import admin_listener


async def status(shop: Harness, url: str) -> int:
    async with shop.session.get(url) as response:
        return response.status


async def test_operators_learn_that_it_lives_and_is_ready(one: Harness) -> None:
    for path in ("healthz", "readyz", "metrics"):
        assert await status(one, f"{one.admin}/{path}") == 200


async def test_the_public_sees_that_it_lives_and_nothing_else(one: Harness) -> None:
    assert await status(one, f"{one.url}/healthz") == 200
    for path in ("readyz", "metrics"):
        assert await status(one, f"{one.url}/{path}") == 404
    assert await status(one, f"{one.admin}/webhook") == 404


def test_an_address_that_is_taken_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(Refused) as refused:
        admin_listener("127.0.0.1", other.getsockname()[1])
    assert "WABOT_ADMIN_PORT" in refused.value.hint
