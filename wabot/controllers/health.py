"""Whether the process lives, and whether it can do its work."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from wabot.errors import WabotError


class HealthController:
    """`ping` raises when the central database does not answer."""

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping

    async def alive(self, _request: web.Request) -> web.Response:
        """Answer as long as the process can answer."""
        return web.json_response({"status": "ok"})

    async def ready(self, _request: web.Request) -> web.Response:
        """Answer 503 while webhooks could not be stored."""
        try:
            await self._ping()
        except WabotError as error:
            return web.json_response({"status": "unavailable", "reason": error.code}, status=503)
        return web.json_response({"status": "ready"})
