"""Everything that alerts are told through: on loopback, and real."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from aiohttp import web

from wabot.domain.alerts import Rule, Severity
from wabot.gateways.alerts.webhook import WebhookChannel
from wabot.repositories.alerts.book import PostgresAlertBook
from wabot.repositories.runtime.alarm import PostgresAlarm
from wabot.repositories.runtime.pools import Pools
from wabot.services.alerts.notifier import Listener, Notifier


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
