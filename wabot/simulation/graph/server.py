"""The stand-in as a server."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from aiohttp import web

from wabot.errors import Conflict
from wabot.simulation.graph import accounts, control, media_nodes, nodes
from wabot.simulation.graph.config import GraphConfig
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.http import STATE, graph_errors
from wabot.simulation.graph.journal import Journal, SentMessage
from wabot.simulation.graph.media import MediaFault
from wabot.simulation.graph.sending import post_message
from wabot.simulation.graph.state import State
from wabot.simulation.graph.statuses import Statuses
from wabot.simulation.graph.templates import Template
from wabot.simulation.graph.windows import Windows

_VERSION = r"/{version:v\d{1,3}\.\d}"
_NODE = r"/{node:[A-Za-z0-9_.-]+}"


def build_graph(state: State) -> web.Application:
    """Return the application of one stand-in."""
    app = web.Application(middlewares=[graph_errors], client_max_size=4 * 1024 * 1024)
    app[STATE] = state
    route = app.router
    route.add_post("/_control/faults", control.add_fault)
    route.add_get("/_control/faults", control.list_faults)
    route.add_delete("/_control/faults", control.clear_faults)
    route.add_get("/_control/messages", control.list_messages)
    route.add_delete("/_control/messages", control.forget_messages)
    route.add_post("/_control/statuses/hold", control.hold_statuses)
    route.add_post("/_control/statuses/release", control.release_statuses)
    route.add_post("/_control/webhooks", control.hear_webhook)
    route.add_post("/_control/templates", control.put_template)
    route.add_post("/_control/facts", control.put_facts)
    route.add_post("/_control/media", media_nodes.add_media)
    route.add_post("/_control/media/faults", media_nodes.add_media_fault)
    route.add_delete("/_control/media/faults", media_nodes.clear_media_faults)
    route.add_get("/_media/{secret}", media_nodes.fetch_media)
    for root in ("", _VERSION):
        route.add_get(f"{root}/debug_token", nodes.debug_token)
    route.add_post(f"{_VERSION}{_NODE}/messages", post_message)
    for method in ("GET", "POST", "DELETE"):
        route.add_route(method, f"{_VERSION}{_NODE}/subscribed_apps", accounts.subscriptions)
    route.add_get(f"{_VERSION}{_NODE}/subscriptions", nodes.app_subscriptions)
    route.add_get(f"{_VERSION}{_NODE}/message_templates", accounts.templates)
    route.add_get(f"{_VERSION}{_NODE}", nodes.get_node)
    return app


class StandInGraph:
    """A Graph API on a port of this machine, with a view of what it took."""

    def __init__(self, config: GraphConfig | None = None) -> None:
        self._state = State.of(config or GraphConfig())
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Return the base URL, for WHATSAPP_API_BASE."""
        return self._url

    @property
    def journal(self) -> Journal:
        """Return what was taken and refused."""
        return self._state.journal

    @property
    def statuses(self) -> Statuses:
        """Return what tells statuses, to set its callback, to hold and to release."""
        return self._state.statuses

    @property
    def windows(self) -> Windows:
        """Return who wrote to which number, to add to it."""
        return self._state.windows

    @property
    def messages(self) -> tuple[SentMessage, ...]:
        """Return the accepted messages, oldest first."""
        return self._state.journal.messages

    async def next_message(self, timeout: float = 10.0) -> SentMessage:
        """Return the next accepted message that was not returned yet."""
        return await self._state.journal.next(timeout)

    def fail(self, fault: Fault) -> None:
        """Let the next messages meet a fault."""
        self._state.faults.add(fault)

    def heal(self) -> None:
        """Drop all faults."""
        self._state.faults.clear()

    def withdraw(self, token: str) -> None:
        """Let a token of the configured numbers be refused from now on."""
        self.let_end(token, 1)

    def let_end(self, token: str, at: int) -> None:
        """Let a token of the configured numbers end then, in seconds of the epoch; 0 is never."""
        config = self._state.config
        numbers = tuple(
            replace(n, expires_at=at) if n.token == token else n for n in config.numbers
        )
        self._state.config = replace(config, numbers=numbers)

    def tell(self, node: str, **facts: Any) -> None:
        """Say this of a number or an account from now on, instead of the ordinary."""
        self._state.facts[node] = {**self._state.facts.get(node, {}), **facts}

    def put_template(self, template: Template) -> None:
        """Add a template or change one; from the first on, only those that were added exist."""
        self._state.templates.put(template)

    def add_media(self, data: bytes, mime_type: str) -> str:
        """Keep a file as if a customer had sent it, and return its media id."""
        return self._state.media.add(data, mime_type)

    def spoil(self, fault: MediaFault | None) -> None:
        """Let the next requests for files meet a fault; None drops those that wait."""
        self._state.media.spoil(fault)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, on a free port by default, and return the base URL.

        Raises Conflict when the port is taken.
        """
        self._state.stopping.clear()
        self._runner = web.AppRunner(
            build_graph(self._state), access_log=None, shutdown_timeout=1.0
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self.stop()
            raise Conflict(
                f"the stand-in cannot listen on {host} port {port}: {error.strerror}",
                hint="choose another port, or 0 for a free one",
            ) from error
        await self._state.statuses.start()
        bound = self._runner.addresses[0]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self._url = f"http://{shown}:{bound[1]}"
        return self._url

    async def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self._state.stopping.set()
            await self._state.statuses.stop()
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()


async def run(
    config: GraphConfig,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until cancelled; `ready` gets the base URL once it listens."""
    graph = StandInGraph(config)
    ready(await graph.start(host, port))
    try:
        await asyncio.Event().wait()
    finally:
        await graph.stop()
