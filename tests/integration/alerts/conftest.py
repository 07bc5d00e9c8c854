"""Everything that alerts are told through: on loopback, and real."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from aiohttp import web
from typer.testing import CliRunner

from tests.harness import make_tenant
from tests.integration.alerts.looking import HOST, FullDisk
from wabot import logs
from wabot.cli.app import app as command_line
from wabot.config import Settings
from wabot.domain.alerts import Rule, Severity
from wabot.domain.tenant import Tenant
from wabot.gateways.alerts.webhook import WebhookChannel
from wabot.repositories.alerts.book import PostgresAlertBook
from wabot.repositories.alerts.facts import PostgresFacts
from wabot.repositories.alerts.shops import PostgresShopFacts
from wabot.repositories.runtime.alarm import PostgresAlarm
from wabot.repositories.runtime.clients import PostgresClients
from wabot.repositories.runtime.pools import Pools
from wabot.services.alerts.evaluator import Evaluator
from wabot.services.alerts.notifier import Listener, Notifier
from wabot.services.alerts.rounds import Looks, Thresholds
from wabot.services.alerts.tally import Tally


@dataclass
class Receiver:
    """A program that takes what is posted to it; `answers` are its next statuses."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.raw.append(await request.read())
        self.headers.append(dict(request.headers))
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.posts.append(await request.json())
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    @property
    def last(self) -> str:
        return self.posts[-1]["text"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hooks/T0SECRET", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/hooks/T0SECRET"
    yield found
    await runner.cleanup()


@pytest.fixture
async def pools(runtime_url: str) -> AsyncIterator[Pools]:
    made = Pools(runtime_url, size=4)
    yield made
    await made.close()


@pytest.fixture
def alarm(pools: Pools) -> PostgresAlarm:
    return PostgresAlarm(pools)


@pytest.fixture
def central(central_url: str) -> Callable[..., list]:
    def run(statement: str, *values: object) -> list:
        with psycopg.connect(central_url) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def notifier_of(pools: Pools, alarm: PostgresAlarm, receiver: Receiver) -> Callable[..., Notifier]:
    """One process's notifier with a single webhook, unless told otherwise."""

    def make(owner: str = "one", *, least: Severity = Severity.WARNING, **others: Any) -> Notifier:
        listeners = others.get("listeners") or [Listener(WebhookChannel(receiver.url), least)]
        return Notifier(PostgresAlertBook(pools, owner=owner), alarm, listeners)

    return make


REST_IS_OVER = "UPDATE wabot.alert_channels SET next_at = now() - interval '1 s'"


async def raise_some(alarm: PostgresAlarm, *keys: str, **options: Any) -> None:
    for key in keys:
        rule = Rule(key.partition(":")[0])
        await alarm.raise_alert(key, rule, None, f"{key} happened", **options)


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def invoke(*words: str, **variables: str):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(CliRunner().invoke, command_line, ["alerts", *words])

    return invoke


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Nothing later is to write into a command's closed streams."""
    yield
    logs.configure(stream=io.StringIO())


@pytest.fixture
def disk() -> FullDisk:
    return FullDisk()


@pytest.fixture
def evaluator_of(pools: Pools, disk: FullDisk) -> Callable[..., Evaluator]:
    def make(owner: str = "one", tally: Tally | None = None, **thresholds: int) -> Evaluator:
        facts = PostgresFacts(pools, owner=owner, host=HOST)
        looks = Looks(
            facts,
            PostgresShopFacts(pools),
            PostgresClients(pools),
            disk,
            Thresholds(**thresholds),
            host=HOST,
        )
        return Evaluator(facts, looks, tally)

    return make


@pytest.fixture
def shop(settings: Settings, central_url: str) -> Tenant:
    return make_tenant(settings, central_url, "bodega", waba_id="900100200300")
