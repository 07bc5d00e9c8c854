"""Puts the real server, the stand-in Graph and a database of the simulation together."""

import os
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from wabot.cli.simulation.shops import APP_ID, WABA_ID, Secrets
from wabot.config import Settings, load_settings
from wabot.container import build_runtime, template_texts
from wabot.domain.tenant import Tenant
from wabot.server import start_server
from wabot.simulation.conversation.clock import ShiftableClock
from wabot.simulation.conversation.database import open_database
from wabot.simulation.conversation.hearing import Hearing, heard
from wabot.simulation.conversation.stage import Stage
from wabot.simulation.graph import GraphConfig, Number, StandInGraph, StatusLevel

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a stage stands: a prepared database with the shop in it, and this run's keys."""

    owner_url: str
    runtime_url: str
    tenant: Tenant
    keys: Secrets


@asynccontextmanager
async def open_stage(
    found: Surroundings,
    *,
    clock: ShiftableClock,
    quiet: float = 0.0,
    statuses: StatusLevel = StatusLevel.NONE,
    tick: timedelta = timedelta(0),
) -> AsyncIterator[Stage]:
    """Serve the shop on loopback ports while the block lasts."""
    hearing = Hearing()
    graph = StandInGraph(
        GraphConfig(
            numbers=(
                Number(
                    found.tenant.phone_number_id,
                    found.keys.token,
                    verified_name=found.tenant.name,
                    waba_id=WABA_ID,
                ),
            ),
            app_id=APP_ID,
            app_secret=found.keys.app_secret,
            statuses=statuses,
            windows=True,
            clock=lambda: clock.now().timestamp(),
        )
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(graph)
        files = stack.enter_context(TemporaryDirectory(prefix="wabot-files-"))
        settings = _settings(found.keys, graph.url, quiet, files)
        runtime = build_runtime(
            settings,
            found.runtime_url,
            clock=clock,
            texts_of=heard(template_texts(), hearing),
        )
        runner, port = await start_server(runtime, _HOST, 0)
        stack.push_async_callback(runner.cleanup)
        webhook_url = f"http://{_HOST}:{port}/webhook"
        graph.statuses.callback_url = webhook_url
        database = await stack.enter_async_context(open_database(found.owner_url, found.tenant))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        stage = Stage(
            found.tenant,
            graph,
            webhook_url,
            found.keys.app_secret,
            clock,
            database,
            hearing,
            session,
            runtime.clients.refresh,
            tick=tick,
        )
        await stage.staff_wrote()
        yield stage


def _settings(keys: Secrets, graph_url: str, quiet: float, files: str) -> Settings:
    return load_settings(
        environ={
            "WABOT_MASTER_KEY": urlsafe_b64encode(keys.master_key).decode(),
            "WHATSAPP_APP_ID": APP_ID,
            "WHATSAPP_APP_SECRET": keys.app_secret,
            "WHATSAPP_VERIFY_TOKEN": keys.verify_token,
            "WHATSAPP_API_BASE": graph_url,
            "WABOT_QUIET_WINDOW": f"{quiet:g}",
            "WABOT_RATE_LIMITS": "off",
            "WABOT_MEDIA": files,
        },
        # The operator's own settings have no say here.
        env_file=Path(os.devnull),
    )
