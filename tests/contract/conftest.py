"""The client, the stand-in it talks to, and somebody who listens to its statuses."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from wabot.gateways.whatsapp import GraphClient
from wabot.simulation.graph import GraphConfig, Number, StandInGraph, StatusLevel

NUMBER = "106500000000001"
TOKEN = "EAAstandin0123456789"
SECRET = "app-secret-of-the-tests"
SHOP = Number(NUMBER, TOKEN)


@dataclass
class Callback:
    """A webhook that keeps what it gets; `answers` are its next statuses, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: asyncio.Queue[tuple[bytes, str]] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.received.put_nowait((body, request.headers["X-Hub-Signature-256"]))
        return web.Response(status=status)

    async def next(self) -> tuple[bytes, str]:
        return await asyncio.wait_for(self.received.get(), 5)


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    listener = Callback()
    app = web.Application()
    app.router.add_post("/webhook", listener.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    yield listener
    await runner.cleanup()


@pytest.fixture
async def graph() -> AsyncIterator[StandInGraph]:
    async with StandInGraph(GraphConfig(numbers=(SHOP,), app_secret=SECRET)) as running:
        yield running


@pytest.fixture
async def telling_graph(callback: Callback) -> AsyncIterator[StandInGraph]:
    """A stand-in that tells statuses up to `read`."""
    config = GraphConfig(
        numbers=(SHOP,),
        app_secret=SECRET,
        callback_url=callback.url,
        statuses=StatusLevel.READ,
        clock=lambda: 1_772_452_800.0,
    )
    async with StandInGraph(config) as running:
        yield running


@pytest.fixture
async def client(graph: StandInGraph) -> AsyncIterator[GraphClient]:
    async with GraphClient(graph.url, "v26.0", timeout=5) as opened:
        yield opened
