"""What the server measures."""

from collections.abc import Awaitable, Callable

from aiohttp import web


class MetricsController:
    """`scrape` returns all metrics as text; None when nothing is measured."""

    def __init__(self, scrape: Callable[[], Awaitable[bytes]] | None) -> None:
        self._scrape = scrape

    async def show(self, _request: web.Request) -> web.Response:
        """Answer Prometheus."""
        if self._scrape is None:
            raise web.HTTPNotFound(text="nothing is measured: WABOT_METRICS is off\n")
        content = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=await self._scrape(), headers=content)
