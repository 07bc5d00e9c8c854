"""A server that dies at any moment loses nothing and does nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psycopg
import pytest

from tests.harness import make_tenant, options_of
from tests.processes import ServerProcess
from wabot.config import load_settings
from wabot.domain.tenant import Tenant
from wabot.simulation.graph.config import GraphConfig, StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.graph.server import StandInGraph
from wabot.simulation.inbound_payloads import (
    SIGNATURE_HEADER,
    Person,
    button_tap,
    encode,
    from_customer,
    row_tap,
    sign,
    text,
)

ANA = Person("5215550100001", "Ana")
QUICK = {"WABOT_LEASE": "1", "WABOT_RESEND_AFTER": "6", "WABOT_RESEND_AFTER_SILENT": "9"}


@dataclass
class Scene:
    """A shop whose server is a process."""

    environment: dict[str, str]
    tenant: Tenant
    graph: StandInGraph
    server: ServerProcess

    async def post(self, content: tuple[str, dict[str, Any]]) -> None:
        body = from_customer(
            self.tenant.phone_number_id,
            ANA,
            content,
            timestamp=int(datetime.now(UTC).timestamp()),
        )
        raw = encode(body)
        headers = {SIGNATURE_HEADER: sign(raw, self.environment["WHATSAPP_APP_SECRET"])}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.server.url}/webhook", data=raw, headers=headers) as response,
        ):
            assert response.status == 200

    async def answer(self, timeout: float = 40) -> SentMessage:
        while True:
            message = await self.graph.next_message(timeout)
            if message.to == ANA.wa_id:
                return message

    async def say(self, words: str) -> SentMessage:
        await self.post(text(words))
        return await self.answer()

    async def tap(self, message: SentMessage, title: str) -> SentMessage:
        await self.post(tapped(message, title))
        return await self.answer()

    async def until_confirmation(self) -> SentMessage:
        """Bring an order to the question that only a yes is missing from."""
        await self.say("hola")
        await self.say("arroz")
        message = await self.say("2")
        message = await self.tap(message, "Terminar pedido")
        message = await self.tap(message, "Recoger en tienda")
        assert "Confirmar" in options_of(message.body)
        return message

    def orders(self) -> int:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            table = f'"{self.tenant.placement.schema}".orders'
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
        assert row is not None
        return int(row[0])

    def confirmations(self) -> list[SentMessage]:
        """Return what the customer was sent after the yes."""
        return [m for m in self.graph.messages if m.to == ANA.wa_id and "P-10" in m.text]

    async def settled(self) -> None:
        async with asyncio.timeout(40):
            while self._waiting():
                await asyncio.sleep(0.1)

    def _waiting(self) -> bool:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            query = "SELECT 1 FROM wabot.inbox WHERE state = 'waiting' LIMIT 1"
            return connection.execute(query).fetchone() is not None

    async def restart(self) -> None:
        await self.server.kill()
        self.server = ServerProcess(self.environment)
        await self.server.__aenter__()
        self.graph.statuses.callback_url = f"{self.server.url}/webhook"


def tapped(message: SentMessage, title: str) -> tuple[str, dict[str, Any]]:
    kind, option_id = options_of(message.body)[title]
    return (button_tap if kind == "button" else row_tap)(option_id, title)


@asynccontextmanager
async def scene(
    environment: dict[str, str], statuses: StatusLevel = StatusLevel.DELIVERED
) -> AsyncIterator[Scene]:
    settings = load_settings(environ=environment)
    tenant = await asyncio.to_thread(make_tenant, settings, environment["DATABASE_URL"], "bodega")
    config = GraphConfig(app_secret=settings["WHATSAPP_APP_SECRET"][0], statuses=statuses)
    async with StandInGraph(config) as graph:
        variables = {**environment, **QUICK, "WHATSAPP_API_BASE": graph.url}
        async with ServerProcess(variables) as server:
            graph.statuses.callback_url = f"{server.url}/webhook"
            made = Scene(variables, tenant, graph, server)
            try:
                yield made
            finally:
                await made.server.kill()


@pytest.mark.parametrize("pause", [0.0, 0.003, 0.01, 0.03])
async def test_a_kill_between_the_200_and_the_reply_gives_one_order_and_one_reply(
    environment: dict[str, str], pause: float
) -> None:
    async with scene(environment) as shop:
        question = await shop.until_confirmation()
        await shop.post(tapped(question, "Confirmar"))
        await asyncio.sleep(pause)
        await shop.restart()
        await shop.settled()
        assert shop.orders() == 1
        assert len(shop.confirmations()) == 1


async def test_a_kill_after_graph_accepted_is_settled_by_the_status(
    environment: dict[str, str],
) -> None:
    async with scene(environment) as shop:
        question = await shop.until_confirmation()
        shop.graph.fail(Fault(drop_after_accept=True, recipient=ANA.wa_id))
        await shop.post(tapped(question, "Confirmar"))
        await shop.answer()
        await shop.restart()
        await shop.settled()
        assert shop.orders() == 1
        assert len(shop.confirmations()) == 1


async def test_a_reply_that_never_reached_graph_is_sent_after_the_restart(
    environment: dict[str, str],
) -> None:
    async with scene(environment) as shop:
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
