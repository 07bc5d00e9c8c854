"""Whether the process lives, and whether it can do its work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from wabot.errors import WabotError

# What a server cannot work without: any other failing check is shown, and no reason to go.
_NEEDED = ("database.", "media.")


async def _none() -> Sequence[dict[str, Any]]:
    return ()


class HealthController:
    """`ping` raises when the central database does not answer; `problems` are failing checks."""

    def __init__(
        self,
        ping: Callable[[], Awaitable[None]],
        problems: Callable[[], Awaitable[Sequence[dict[str, Any]]]] = _none,
    ) -> None:
        self._ping = ping
        self._problems = problems

    async def alive(self, _request: web.Request) -> web.Response:
        """Answer as long as the process can answer."""
        return web.json_response({"status": "ok"})

    async def ready(self, _request: web.Request) -> web.Response:
        """Answer 503 while webhooks could not be stored, or what they need fails a check."""
        try:
            await self._ping()
            problems = list(await self._problems())
        except WabotError as error:
            return web.json_response({"status": "unavailable", "reason": error.code}, status=503)
        needed = [problem["id"] for problem in problems if problem["id"].startswith(_NEEDED)]
        if needed:
            body = {"status": "unavailable", "reason": needed[0], "checks": problems}
            return web.json_response(body, status=503)
        return web.json_response({"status": "ready", "checks": problems})
