"""Maps failures to HTTP statuses, at this edge and nowhere else."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from wabot.errors import ExternalFailure, Overloaded, WabotError
from wabot.logs import log

_log = logging.getLogger(__name__)


@web.middleware
async def error_responses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 503 for what passes, 500 for everything else: WhatsApp delivers again either way.

    What passes: too much waits, or something else that a request needs is away.
    """
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.Response(status=error.status, text=error.text, headers=_plain(error))
    except web.RequestPayloadError as error:
        log(
            _log, logging.WARNING, "request.unreadable", "A body cannot be read.", reason=str(error)
        )
        return web.Response(status=400, text="the body cannot be read\n")
    except Overloaded as error:
        log(_log, logging.ERROR, "request.overloaded", error.message)
        return web.Response(status=503, text="overloaded\n", headers={"Retry-After": "2"})
    except ExternalFailure as error:
        # Nothing of ours broke: what went away under the request comes back.
        log(_log, logging.WARNING, "request.failed", "A request failed.", reason=error.message)
        return web.Response(status=503, text=f"{error.code}\n", headers={"Retry-After": "2"})
    except WabotError as error:
        log(_log, logging.ERROR, "request.failed", "A request failed.", reason=error.message)
        return web.Response(status=500, text=f"{error.code}\n")
    except Exception:
        log(_log, logging.ERROR, "request.crashed", "A request met a bug.", exc_info=True)
        return web.Response(status=500, text="internal error\n")


def _plain(error: web.HTTPException) -> dict[str, str]:
    allow = error.headers.get("Allow")
    return {"Allow": allow} if allow else {}
