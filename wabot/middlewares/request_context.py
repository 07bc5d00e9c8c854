"""Gives every request an id that all its log lines carry."""

from secrets import token_hex

from aiohttp import web
from aiohttp.typedefs import Handler

from wabot.logs import bind


@web.middleware
async def request_context(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request and tell its name to the caller."""
    # As long as a trace id of W3C and OpenTelemetry: it is one.
    request_id = token_hex(16)
    with bind(request_id=request_id):
        response = await handler(request)
    response.headers["X-Request-Id"] = request_id
    return response
