"""A shop, and a Graph that knows its tokens."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from tests.harness import make_tenant
from tests.integration.tenants.conftest import Cli, central, cli, engine, tenants
from wabot.config import Settings
from wabot.domain.tenant import Tenant
from wabot.simulation.graph import GraphConfig, Number, StandInGraph
from wabot.simulation.graph.config import MANAGEMENT, MESSAGING

__all__ = ["central", "cli", "engine", "tenants"]

Connection = psycopg.Connection[Any]
Run = Callable[..., Awaitable[Result]]

NUMBER, WABA, APP = "106500000000001", "900100200300", "100200300400500"
OLD, NEW = "EAAoldtokenofthetests", "EAAnewtokenofthetests"
DAY = 86_400


def number(token: str, **changes: Any) -> Number:
    """The shop's number with a token that may use it."""
    return Number(**{"phone_number_id": NUMBER, "token": token, "waba_id": WABA} | changes)


def in_days(days: float) -> int:
    return int(time.time() + days * DAY)


NUMBERS = (
    number(OLD),
    number(NEW),
    number("EAAshortlived", expires_at=in_days(1)),
    number("EAAended", expires_at=in_days(-1)),
    number("EAAnomessaging", scopes=(MANAGEMENT,)),
    number("EAAnomanagement", scopes=(MESSAGING,)),
    number("EAAothernumber", phone_number_id="106500000000002"),
    number("EAAotheraccount", waba_id="900999999999"),
)


@pytest.fixture
async def graph() -> AsyncIterator[StandInGraph]:
    async with StandInGraph(GraphConfig(numbers=NUMBERS, app_id=APP)) as running:
        yield running


@pytest.fixture
def shop(settings: Settings, central_url: str) -> Tenant:
    """A shop that has the old token."""
    return make_tenant(settings, central_url, "bodega", number=NUMBER, token=OLD, waba_id=WABA)


@pytest.fixture
def rotate(cli: Cli, graph: StandInGraph) -> Run:
    """Run `wabot tenant rotate-token` beside the Graph of this test."""

    async def run(*words: str, token: str = NEW, env: dict[str, str] | None = None) -> Result:
        source = () if "--all" in words else ("--token-file", "-")
        variables = {"WHATSAPP_API_BASE": graph.url, "WHATSAPP_API_VERSION": "v26.0"}
        return await asyncio.to_thread(
            cli,
            "tenant",
            "rotate-token",
            *words,
            *source,
            stdin=token,
            env=variables | (env or {}),
        )

    return run
