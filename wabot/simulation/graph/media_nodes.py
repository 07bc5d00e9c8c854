"""A customer's file in Meta's two steps: its address, then its content."""

from aiohttp import web

from wabot.simulation.graph.http import STATE, answer, authorise, drop_connection, json_body
from wabot.simulation.graph.media import File, MediaFault, wait
from wabot.simulation.graph.refusals import Refusal

# The largest document that WhatsApp carries.
_LARGEST = 100 * 1024 * 1024


async def locate(request: web.Request, node: str, file: File) -> web.Response:
    """Tell where a file can be had for five minutes."""
    state = request.app[STATE]
    fault = state.media.fault(locate=True) or MediaFault()
    await wait(fault.delay, state.stopping)
    if fault.drop:
        return drop_connection(request)
    if fault.http:
        return web.Response(status=fault.http, text="<html>")
    secret = "expired" if fault.expired else state.media.address(node, state.config.timer())
    own = f"{request.scheme}://{request.host}/_media/{secret}"
    return answer(
        {
            "messaging_product": "whatsapp",
            "id": node,
            "url": fault.address or own,
            "mime_type": file.mime_type,
            "sha256": "0" * 64 if fault.wrong_sha else file.sha256,
            "file_size": fault.told_size or len(file.data),
        }
    )


async def fetch_media(request: web.Request) -> web.StreamResponse:
    """Give a file to who has its address and a token; addresses die after five minutes."""
    authorise(request)
    state = request.app[STATE]
    fault = state.media.fault(locate=False) or MediaFault()
    await wait(fault.delay, state.stopping)
    if fault.drop:
        return drop_connection(request)
    if fault.redirect:
        return web.Response(status=302, headers={"Location": fault.redirect})
    if fault.http:
        return web.Response(status=fault.http)
    file = state.media.fetch(request.match_info["secret"], state.config.timer())
    if file is None:
        return web.Response(status=404)
    if fault.truncate or fault.stall:
        return await _half(request, file, fault)
    return web.Response(body=file.data, headers={"Content-Type": file.mime_type})


async def add_media(request: web.Request) -> web.Response:
    """Keep the request's body as a file that a customer sent; its type is the request's."""
    # Not `request.read`: its limit is that of Meta's own requests.
    data = bytearray()
    async for piece in request.content.iter_any():
        data += piece
        if len(data) > _LARGEST:
            raise Refusal(100, f"A file has at most {_LARGEST} bytes")
    media_id = request.app[STATE].media.add(bytes(data), request.content_type)
    return answer({"id": media_id}, 201)


async def add_media_fault(request: web.Request) -> web.Response:
    """Let the next requests for files meet a fault; the body is one `MediaFault`."""
    try:
        fault = MediaFault.from_json(await json_body(request))
    except ValueError as error:
        raise Refusal(100, str(error)) from error
    request.app[STATE].media.spoil(fault)
    return answer({"success": True}, 201)


async def clear_media_faults(request: web.Request) -> web.Response:
    """Drop all faults of files."""
    request.app[STATE].media.spoil(None)
    return answer({"success": True})


async def _half(request: web.Request, file: File, fault: MediaFault) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": file.mime_type})
    response.content_length = len(file.data)
    await response.prepare(request)
    half = len(file.data) // 2
    await response.write(file.data[:half])
    if fault.truncate:
        return drop_connection(request)
    await wait(fault.stall, request.app[STATE].stopping)
    await response.write(file.data[half:])
    return response
