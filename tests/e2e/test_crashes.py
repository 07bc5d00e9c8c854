"""A server that dies at any moment loses nothing and does nothing twice."""

import asyncio

import psycopg

from tests.crash_scene import ANA, SOON, scene, tapped
from wabot.simulation.graph.faults import Fault


async def test_a_reply_that_never_reached_graph_is_sent_after_the_restart(
    environment: dict[str, str],
) -> None:
    async with scene(environment, resend_after=SOON) as shop:
        question = await shop.until_confirmation()
        shop.graph.fail(Fault(timeout=30, recipient=ANA.wa_id))
        await shop.post(tapped(question, "Confirmar"))
        await asyncio.sleep(1)
        assert shop.orders() == 1
        assert shop.confirmations() == []
        await shop.restart()
        await shop.settled()
        assert shop.orders() == 1
        assert len(shop.confirmations()) == 1


async def test_told_to_stop_a_server_finishes_what_it_holds(environment: dict[str, str]) -> None:
    async with scene(environment) as shop:
        question = await shop.until_confirmation()
        # What comes while the turn before is being closed waits, and is left to the next start.
        await shop.settled()
        await shop.post(tapped(question, "Confirmar"))
        assert await shop.server.terminate() == 0
        assert shop.orders() == 1
        assert len(shop.confirmations()) == 1
        leases = "SELECT 1 FROM wabot.conversations WHERE owner IS NOT NULL"
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            assert connection.execute(leases).fetchall() == []
