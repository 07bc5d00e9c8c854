"""`wabot simulate graph`: the stand-in for Meta's Graph API as a server of its own."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from wabot.cli.output import Output
from wabot.cli.prompts import read_secret
from wabot.cli.settings import read_settings
from wabot.errors import ConfigurationError, InvalidInput, UnknownChoice
from wabot.simulation.graph import GraphConfig, StatusLevel, run


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """What the operator asked for."""

    host: str
    port: int
    callback: str
    statuses: str
    status_delay: float
    throughput: int
    pair_limit: bool
    app_secret_file: str | None


def serve_graph(request: GraphRequest, *, json: bool) -> None:
    """Listen until SIGTERM or Ctrl-C."""
    out = Output("simulate graph", json=json)
    config = _config(request, out)

    def ready(url: str) -> None:
        data = {"url": url, "callback": config.callback_url, "statuses": config.statuses.value}
        next_ = (f"WHATSAPP_API_BASE={url} wabot serve", f"curl {url}/_control/messages")
        out.done(f"The stand-in for Graph listens on {url}", data=data, next=next_)

    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(request, config, ready))


async def _serve(request: GraphRequest, config: GraphConfig, ready: Callable[[str], None]) -> None:
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        await run(config, host=request.host, port=request.port, ready=ready)


def _config(request: GraphRequest, out: Output) -> GraphConfig:
    if request.statuses not in {level.value for level in StatusLevel}:
        known = ", ".join(level.value for level in StatusLevel)
        raise UnknownChoice(f"unknown --statuses {request.statuses!r}; known: {known}")
    if request.callback and urlsplit(request.callback).scheme not in {"http", "https"}:
        raise InvalidInput(
            f"--callback {request.callback!r} is no http address",
            hint="For example: --callback http://127.0.0.1:8080/webhook",
        )
    settings = read_settings(out)
    secret = next(iter(settings["WHATSAPP_APP_SECRET"]), "")
    if request.app_secret_file is not None:
        secret = read_secret(
            request.app_secret_file, option="--app-secret-file", prompt="The app secret"
        )
    if request.callback and not secret:
        raise ConfigurationError(
            "--callback needs the app secret: statuses are signed with it",
            hint="Set WHATSAPP_APP_SECRET, or give --app-secret-file PATH.",
        )
    return GraphConfig(
        app_id=settings["WHATSAPP_APP_ID"] or GraphConfig().app_id,
        app_secret=secret,
        callback_url=request.callback,
        statuses=StatusLevel(request.statuses),
        status_delay=request.status_delay,
        throughput=request.throughput,
        pair_limit=request.pair_limit,
    )
