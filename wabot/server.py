"""The aiohttp application and its life."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from wabot.container import Runtime
from wabot.controllers.health import HealthController
from wabot.controllers.webhook import WebhookController
from wabot.errors import Refused
from wabot.middlewares.errors import error_responses
from wabot.middlewares.request_context import request_context
from wabot.routes import add_routes

# Meta's largest body is 3 MB; the margin is for what a proxy may add.
BODY_LIMIT = 3_500_000
SHUTDOWN_PATIENCE = 20.0


def build_app(runtime: Runtime) -> web.Application:
    """Return the application; the runtime opens and closes with it."""
    app = web.Application(
        middlewares=[request_context, error_responses], client_max_size=BODY_LIMIT
    )

    async def life(_app: web.Application) -> AsyncIterator[None]:
        await runtime.open()
        yield
        await runtime.close()

    app.cleanup_ctx.append(life)
    webhook = WebhookController(
        runtime.acceptor, runtime.signatures, runtime.clock, runtime.verify_token
    )
    add_routes(app, webhook, HealthController(runtime.ping))
    return app


async def start_server(
    runtime: Runtime, host: str, port: int, *, shared: bool = False
) -> tuple[web.AppRunner, int]:
    """Listen and return the runner with the port really taken; `runner.cleanup()` ends it.

    A `shared` port may be listened on by several processes: the kernel spreads the connections.
    """
    runner = web.AppRunner(
        build_app(runtime),
        access_log=None,
        shutdown_timeout=SHUTDOWN_PATIENCE,
        keepalive_timeout=75,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024, reuse_port=shared or None)
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise Refused(
            f"Cannot listen on {host} port {port}: {error.strerror or error}",
            hint="Something else may listen there: choose another --port, or stop it.",
        ) from error
    return runner, runner.addresses[0][1]


async def serve_until_told(
    runtime: Runtime,
    host: str,
    port: int,
    ready: Callable[[int], None],
    *,
    shared: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is at hand."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    runner, actual_port = await start_server(runtime, host, port, shared=shared)
    try:
        ready(actual_port)
        await stop.wait()
    finally:
        await runner.cleanup()
