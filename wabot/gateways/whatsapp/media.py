"""Customers' files from Meta: where one is, then the file itself.

The token goes to Graph and to Meta's own hosts for files alone, and nowhere by a redirect.
"""

import base64
import binascii
import re
from http import HTTPStatus

import aiohttp
from yarl import URL

from wabot.domain.delivery import TOKEN_REFUSED, Reaction
from wabot.gateways.whatsapp.client import GraphClient
from wabot.gateways.whatsapp.errors import GraphFailure
from wabot.services.runtime.media_ports import Located, Miss, Missed, Write

_OF_META = (".facebook.com", ".fbsbx.com", ".fbcdn.net", ".whatsapp.net")
_PIECE = 64 * 1024
# Between two pieces; how long all of it may take is the caller's affair.
_SILENCE = 20.0
_LOST = frozenset({100, 33, 131052})


class GraphFiles:
    """Asks and reads through a client that is open; `base_url` is where Graph is."""

    def __init__(self, graph: GraphClient, base_url: str) -> None:
        self._graph = graph
        self._origin = URL(base_url).origin()

    async def locate(self, phone_number_id: str, media_id: str, token: str) -> Located | Missed:
        """Ask where the file can be had; never raises for what Graph or the network does."""
        try:
            found = await self._graph.media_url(media_id, token, phone_number_id)
        except GraphFailure as failure:
            return _missed(failure)
        return Located(found.url, found.mime_type, hexadecimal(found.sha256), found.size)

    async def download(self, url: str, token: str, write: Write) -> Missed | None:
        """Hand the file to `write` piece by piece; what `write` raises ends it."""
        try:
            address = URL(url)
        except ValueError:
            return Missed(Miss.AGAIN, "the file's address is none")
        if not self.allows(address):
            return Missed(Miss.AGAIN, f"the file's address is on {address.host}, not with Meta")
        try:
            async with self._graph.stream(address, token, silence=_SILENCE) as response:
                missed = _unfit(response.status)
                if missed is not None:
                    return missed
                async for piece in response.content.iter_chunked(_PIECE):
                    await write(piece)
        except (aiohttp.ClientError, TimeoutError) as error:
            # Its text may quote the address, which is as good as a key.
            return Missed(Miss.WAIT, f"the download broke off: {type(error).__name__}")
        return None

    def allows(self, address: URL) -> bool:
        """Tell whether the token may go to that address."""
        if address.is_absolute() and address.origin() == self._origin:
            return True
        host = address.host or ""
        return address.scheme == "https" and address.port == 443 and host.endswith(_OF_META)


def hexadecimal(sha256: str) -> str:
    """Return a checksum as hexadecimal digits: Meta writes it in base64 as well. Empty for none."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        return sha256.lower()
    try:
        raw = base64.b64decode(sha256, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 32 else ""


def _missed(failure: GraphFailure) -> Missed:
    error = failure.error
    if error is None:
        return Missed(Miss.WAIT if failure.retryable else Miss.AGAIN, failure.message)
    if error.code in _LOST:
        return Missed(Miss.NEVER, str(error))
    waits = failure.retryable or error.reaction is Reaction.PAUSE_TENANT
    return Missed(
        Miss.WAIT if waits else Miss.AGAIN, str(error), token_refused=error.code == TOKEN_REFUSED
    )


def _unfit(status: int) -> Missed | None:
    if status == HTTPStatus.OK:
        return None
    reason = f"the download was answered with HTTP {status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, 410}:
        return Missed(Miss.STALE, reason)
    waits = status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS
    return Missed(Miss.WAIT if waits else Miss.AGAIN, reason)
