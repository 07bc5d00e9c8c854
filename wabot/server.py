"""The aiohttp application and its life."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from wabot.container import Runtime
from wabot.controllers.health import HealthController
from wabot.controllers.metrics import MetricsController
from wabot.controllers.webhook import WebhookController
from wabot.errors import Refused
from wabot.middlewares.errors import error_responses
from wabot.middlewares.request_context import request_context
from wabot.middlewares.timing import webhook_times
from wabot.routes import add_admin_routes, add_public_routes

# Meta's largest body is 3 MB; the margin is for what a proxy may add.
BODY_LIMIT = 3_500_000
SHUTDOWN_PATIENCE = 20.0
_BACKLOG = 1024
_LAST_REQUESTS = 0.3


def build_app(runtime: Runtime) -> web.Application:
    """Return the public application; the runtime opens and closes with it."""
    app = web.Application(
        middlewares=[webhook_times(runtime.measures), request_context, error_responses],
        client_max_size=BODY_LIMIT,
    )

    async def life(_app: web.Application) -> AsyncIterator[None]:
        await runtime.open()
        yield
        await runtime.close()

    app.cleanup_ctx.append(life)
    webhook = WebhookController(
        runtime.acceptor, runtime.signatures, runtime.clock, runtime.verify_token, runtime.spans
    )
    add_public_routes(app, webhook, HealthController(runtime.ping))
    return app


def build_admin_app(runtime: Runtime) -> web.Application:
    """Return the application for operators, over a runtime that is open."""
    app = web.Application(middlewares=[request_context, error_responses])
    scrape = runtime.watching.scrape if runtime.watching else None
    add_admin_routes(
        app, HealthController(runtime.ping, runtime.problems), MetricsController(scrape)
    )
    return app


async def start_admin(runtime: Runtime, listener: socket.socket) -> web.AppRunner:
    """Answer operators on a listening socket, which other workers may share."""
    runner = web.AppRunner(build_admin_app(runtime), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


async def start_server(
    runtime: Runtime, host: str, port: int, *, listener: socket.socket | None = None
) -> tuple[web.AppRunner, int]:
    """Listen and return the runner with the port really taken; `runner.cleanup()` ends it.

    A bound `listener` takes the place of host and port.
    """
    runner = web.AppRunner(
        build_app(runtime),
        access_log=None,
        shutdown_timeout=SHUTDOWN_PATIENCE,
        keepalive_timeout=75,
        # WhatsApp compresses nothing, and signs what it sends: nobody else's bodies are unpacked.
        auto_decompress=False,
    )
    await runner.setup()
    try:
        if listener is not None:
            await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        else:
            await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
    except OSError as error:
        await runner.cleanup()
        raise Refused(
            f"Cannot listen on {host} port {port}: {error.strerror or error}",
            hint="Something else may listen there: choose another --port, or stop it.",
        ) from error
    return runner, runner.addresses[0][1]


def admin_listener(host: str, port: int) -> socket.socket:
    """Listen where operators ask, for this process and the workers that it starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise Refused(
            f"Cannot listen on {host} port {port} for /metrics and /readyz:"
            f" {error.strerror or error}",
            hint="Another server may do: give this one a WABOT_ADMIN_PORT of its own, or off.",
        ) from error
    return listener


async def serve_until_told(
    runtime: Runtime,
    host: str,
    port: int,
    ready: Callable[[int], None],
    *,
    listener: socket.socket | None = None,
    admin: socket.socket | None = None,
    watcher: socket.socket | None = None,
    prove: Callable[[int], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is at hand.

    `prove` is asked about the port once it is open, before `ready`; what it raises ends the server.
    `admin` is where operators ask. A `watcher` at the other end of a socket is told once webhooks
    are taken; its end is ours too.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    runner, actual_port = await start_server(runtime, host, port, listener=listener)
    operators = None
    try:
        if admin is not None:
            operators = await start_admin(runtime, admin)
        if prove is not None:
            await prove(actual_port)
        ready(actual_port)
        if watcher is not None:
            with suppress(BrokenPipeError):
                watcher.send(b"1")
            loop.add_reader(watcher, stop.set)
        await stop.wait()
        for site in runner.sites:
            await site.stop()
        # Who connected a moment ago is still about to ask.
        await asyncio.sleep(_LAST_REQUESTS)
    finally:
        # First: it looks into what the other closes.
        if operators is not None:
            await operators.cleanup()
        await runner.cleanup()
