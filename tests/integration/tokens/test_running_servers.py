"""Servers that run use a new token at once, and the former one while they must."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness import Harness, running
from tests.integration.tokens.conftest import NEW, NUMBERS, OLD, Run
from wabot.domain.tenant import Tenant
from wabot.simulation.graph import Fault, StandInGraph


@pytest.fixture
async def server(environment: dict[str, str], shop: Tenant) -> AsyncIterator[Harness]:
    async with running(environment, tenant=shop, numbers=NUMBERS) as harness:
        yield harness


@pytest.fixture
def graph(server: Harness) -> StandInGraph:
    """The server's own Graph proves the tokens."""
    return server.graph


def former(server: Harness) -> int:
    (row,) = server.central("select count(*) as n from wabot.previous_tokens")
    return int(row["n"])


def alerts(server: Harness) -> list[dict[str, Any]]:
    return server.central("select rule, message, resolved_at from wabot.alerts order by rule")


async def until(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.05)


async def test_the_next_message_goes_out_with_the_new_token_and_the_old_is_forgotten(
    server: Harness, rotate: Run
) -> None:
    await server.say("hola")
    assert (await rotate("bodega")).exit_code == 0
    assert former(server) == 1
    # Servers look for changes once a second.
    await asyncio.sleep(1.5)
    await server.say("menú")
    await until(lambda: former(server) == 0)
    server.graph.withdraw(OLD)
    await server.say("hola")
    assert alerts(server) == []


async def test_while_graph_refuses_the_new_token_the_former_one_sends_and_it_is_told(
    server: Harness, rotate: Run
) -> None:
    await server.say("hola")
    assert (await rotate("bodega")).exit_code == 0
    server.graph.withdraw(NEW)
    await asyncio.sleep(1.5)
    await server.say("menú")
    await until(lambda: alerts(server))
    (alert,) = alerts(server)
    assert alert["rule"] == "token_refused"
    assert "wabot tenant rotate-token bodega" in alert["message"]
    assert "EAA" not in alert["message"]
    assert former(server) == 1

    assert (await rotate("bodega", token="EAAnomanagement")).exit_code == 0
    assert alerts(server)[0]["resolved_at"] is not None
    await asyncio.sleep(1.5)
    await server.say("hola")
    await until(lambda: former(server) == 0)


async def test_once_the_refused_token_sends_after_all_the_alert_is_resolved(
    server: Harness, rotate: Run
) -> None:
    assert (await rotate("bodega")).exit_code == 0
    server.graph.fail(Fault(code=190))
    await asyncio.sleep(1.5)
    await server.say("hola")
    await until(lambda: alerts(server))
    assert alerts(server)[0]["resolved_at"] is None
    await server.say("menú")
    await until(lambda: alerts(server)[0]["resolved_at"])
    assert former(server) == 0


async def test_when_both_tokens_are_refused_sending_pauses_until_a_good_one_comes(
    server: Harness, rotate: Run
) -> None:
    assert (await rotate("bodega")).exit_code == 0
    server.graph.withdraw(NEW)
    server.graph.withdraw(OLD)
    await asyncio.sleep(1.5)
    await server.post(server.body(("text", {"body": "hola"})))
    await until(lambda: [alert["rule"] for alert in alerts(server)] == ["sending_paused"])
    assert server.graph.messages == ()
    assert former(server) == 1


async def test_a_former_token_that_nobody_needed_for_long_is_deleted(
    server: Harness, rotate: Run
) -> None:
    assert (await rotate("bodega")).exit_code == 0
    server.central("update wabot.previous_tokens set kept_until = now() returning 1")
    await server.runtime.worker._purge()
    assert former(server) == 0
