"""Times webhooks, from their head to their answer."""

import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from wabot.services.runtime.measuring import Measures


def webhook_times(measures: Measures) -> Middleware:
    """Return the middleware; it goes around all others."""

    @web.middleware
    async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST" or request.path != "/webhook":
            return await handler(request)
        begun = time.perf_counter()
        response = await handler(request)
        measures.webhook(response.status, time.perf_counter() - begun)
        return response

    return timed
