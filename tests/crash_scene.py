"""A shop whose server is a process of its own, to be killed in the middle of its work."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psycopg

from tests.harness import make_tenant, options_of
from tests.processes import ServerProcess
from wabot.config import load_settings
from wabot.domain.tenant import Tenant
from wabot.simulation.graph.config import GraphConfig, StatusLevel
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
# Either soon, where a second try is what is looked at, or never while a test lasts.
SOON, NEVER = 3, 300


@dataclass
class Scene:
    """A shop whose server is a process."""

    environment: dict[str, str]
    tenant: Tenant
    graph: StandInGraph
    server: ServerProcess
    shelf: list[tuple[Any, ...]]

    def webhook(self, content: tuple[str, dict[str, Any]]) -> bytes:
        """Return a message of the customer as WhatsApp delivers it."""
        stamp = int(datetime.now(UTC).timestamp())
        return encode(from_customer(self.tenant.phone_number_id, ANA, content, timestamp=stamp))

    async def deliver(self, raw: bytes) -> int:
        """Post a webhook and return the status."""
        headers = {SIGNATURE_HEADER: sign(raw, self.environment["WHATSAPP_APP_SECRET"])}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.server.url}/webhook", data=raw, headers=headers) as response,
        ):
            return response.status

    async def post(self, content: tuple[str, dict[str, Any]]) -> None:
        assert await self.deliver(self.webhook(content)) == 200

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

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Query the shop's tables, and the central ones, as their owner."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            connection.execute(f'SET search_path TO "{self.tenant.placement.schema}"')
            return connection.execute(statement, values).fetchall()

    def orders(self) -> int:
        return int(self.query("SELECT count(*) FROM orders")[0][0])

    def resends(self) -> int:
        """Return how many second sends to the customer were counted."""
        sends = "SELECT coalesce(sum(resends), 0) FROM messages WHERE audience = 'customer'"
        return int(self.query(sends)[0][0])

    def counted(self) -> int:
        """Return how many messages the shop's plan counts."""
        return int(self.query("SELECT coalesce(sum(messages), 0) FROM usage")[0][0])

    def stock_is_right(self) -> bool:
        """Tell whether exactly what was ordered left the shelf."""
        gone = "SELECT sum(quantity) FROM order_items"
        kept = "SELECT sum(stock) FROM products"
        return bool(self.query(f"SELECT ({kept}) + coalesce(({gone}), 0)") == self.shelf)

    def confirmations(self) -> list[SentMessage]:
        """Return what the customer was sent after the yes."""
        return [m for m in self.graph.messages if m.to == ANA.wa_id and "P-10" in m.text]

    async def settled(self) -> None:
        async with asyncio.timeout(40):
            while self._waiting():
                await asyncio.sleep(0.1)

    def _waiting(self) -> bool:
        return bool(self.query("SELECT 1 FROM wabot.inbox WHERE state = 'waiting' LIMIT 1"))

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
    environment: dict[str, str],
    statuses: StatusLevel = StatusLevel.DELIVERED,
    *,
    resend_after: int = NEVER,
) -> AsyncIterator[Scene]:
    """Serve a shop until the block ends; `resend_after` is how long a status is waited for."""
    settings = load_settings(environ=environment)
    # Nobody is told of orders: the reply is all that a turn sends.
    nobody = {"owner_phone": "", "adviser_phone": ""}
    tenant = await asyncio.to_thread(
        make_tenant, settings, environment["DATABASE_URL"], "bodega", **nobody
    )
    config = GraphConfig(app_secret=settings["WHATSAPP_APP_SECRET"][0], statuses=statuses)
    async with StandInGraph(config) as graph:
        variables = {
            **environment,
            "WABOT_LEASE": "1",
            "WABOT_RESEND_AFTER": str(resend_after),
            "WHATSAPP_API_BASE": graph.url,
        }
        async with ServerProcess(variables) as server:
            graph.statuses.callback_url = f"{server.url}/webhook"
            made = Scene(variables, tenant, graph, server, [])
            made.shelf = made.query("SELECT sum(stock) FROM products")
            try:
                yield made
            finally:
                await made.server.kill()
