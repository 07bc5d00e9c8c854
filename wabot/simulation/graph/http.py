"""Requests and answers in Graph's manner."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from wabot.simulation.graph.config import Number
from wabot.simulation.graph.refusals import NoSuchObject, Refusal
from wabot.simulation.graph.state import State

STATE = web.AppKey("state", State)


def answer(data: Mapping[str, Any], status: int = 200) -> web.Response:
    """Return JSON."""
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def drop_connection(request: web.Request) -> web.Response:
    """Cut the connection; the response only ends the handler."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def json_body(request: web.Request) -> Mapping[str, Any]:
    """Return the request's JSON object, or refuse."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise Refusal(100, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(100, "The body must be a JSON object.")
    return body


def chosen(
    request: web.Request, facts: Mapping[str, Any], by_default: tuple[str, ...], node_type: str
) -> dict[str, Any]:
    """Return the fields that the request asks for, and always the id."""
    asked = [name for name in request.query.get("fields", "").split(",") if name]
    for name in asked:
        if name not in facts:
            raise Refusal(
                100, f"Tried accessing nonexisting field ({name}) on node type ({node_type})"
            )
    return {name: facts[name] for name in (*(asked or by_default), "id")}


def bearer(request: web.Request) -> str:
    """Return the token that the request carries, empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def authorise(request: web.Request) -> str:
    """Return the token, or refuse one that opens nothing."""
    token = bearer(request)
    if not request.app[STATE].config.knows_token(token):
        raise Refusal(190, "Invalid OAuth access token - Cannot parse access token")
    return token


def authorise_number(request: web.Request) -> Number:
    """Return the business number of the path, or refuse."""
    token = authorise(request)
    phone_number_id = request.match_info["node"]
    number = request.app[STATE].config.number(phone_number_id, token)
    if number is None:
        raise NoSuchObject(phone_number_id, request.method)
    return number


@web.middleware
async def graph_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals, and paths that Graph does not have, into Graph's answers."""
    try:
        return await handler(request)
    except Refusal as refusal:
        request.app[STATE].journal.refused(refusal.code, refusal.details)
        response = answer(refusal.body(), refusal.status)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return answer(Refusal(2500, f"Unknown path components: {request.path}").body(), 400)
