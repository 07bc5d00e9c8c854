"""Graph over HTTP: send a message, ask about numbers, tokens and media.

Tokens and bodies are never logged and never part of an error's text.
"""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
from yarl import URL

from wabot.domain.delivery import Accepted, Reaction, Rejected, SendOutcome, Unknown
from wabot.domain.message import OutboundMessage, Recipient
from wabot.gateways.whatsapp.errors import (
    MAYBE_SENT,
    GraphFailure,
    reaction_to_status,
    read_error,
)
from wabot.gateways.whatsapp.http import Answer, Failed, exchange, tracing
from wabot.gateways.whatsapp.payloads import message_body
from wabot.gateways.whatsapp.reach import how_to_reach
from wabot.services.runtime.measuring import UNMEASURED, Measures

PHONE_NUMBER_FIELDS = (
    "id",
    "display_phone_number",
    "verified_name",
    "status",
    "quality_rating",
    "name_status",
    "code_verification_status",
    "account_mode",
    "platform_type",
    "throughput",
    "is_on_biz_app",
    "webhook_configuration",
    "health_status",
)


@dataclass(frozen=True, slots=True)
class Media:
    """Where a file can be fetched for five minutes, with the same token."""

    url: str
    mime_type: str
    sha256: str
    size: int


class GraphClient:
    """One client per process, over one pool of connections; open it inside the event loop."""

    def __init__(
        self,
        base_url: str,
        version: str,
        *,
        timeout: float = 15.0,
        connections: int = 100,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._root = f"{self._base_url}/{version}"
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)
        self._connections = connections
        self._measures = measures
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the connection pool."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trace_configs=[tracing()],
            )

    async def close(self) -> None:
        """Close the connection pool; a second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def send(
        self,
        phone_number_id: str,
        token: str,
        recipient: Recipient,
        message: OutboundMessage,
        callback_data: str,
    ) -> SendOutcome:
        """Hand a message to Graph once and tell what is known of its fate."""
        body = message_body(recipient, message, callback_data)
        if fault := _fault(phone_number_id, token):
            return Rejected(None, fault, Reaction.PAUSE_TENANT)
        path = f"{phone_number_id}/messages"
        result = await self._exchange("POST", path, token=token, body=body)
        match result:
            case Failed(sent=False, reason=reason):
                return Rejected(None, f"Graph cannot be reached: {reason}", Reaction.BACKOFF)
            case Failed(reason=reason):
                return Unknown(f"no answer after the request was sent: {reason}")
            case Answer():
                return _outcome(result)

    async def phone_number(self, phone_number_id: str, token: str) -> dict[str, Any]:
        """Return what Meta tells about a business number."""
        fields = {"fields": ",".join(PHONE_NUMBER_FIELDS)}
        return await self.ask(phone_number_id, token, fields)

    async def debug_token(self, token: str, access_token: str = "") -> dict[str, Any]:
        """Return validity, expiry and permissions of a token, asked with itself or an app token."""
        answer = await self.ask("debug_token", access_token or token, {"input_token": token})
        data = answer.get("data")
        if not isinstance(data, dict):
            raise GraphFailure("Graph's answer about a token holds no data")
        return data

    async def app_subscriptions(self, app_id: str, secret: str) -> list[dict[str, Any]]:
        """Return which webhooks Meta sends for an app, and where to; asked as the app itself."""
        answer = await self.ask(f"{app_id}/subscriptions", f"{app_id}|{secret}")
        found = answer.get("data")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    async def media_url(self, media_id: str, token: str, phone_number_id: str = "") -> Media:
        """Return where a customer's file can be fetched; ids live seven days."""
        scope = {"phone_number_id": phone_number_id} if phone_number_id else None
        answer = await self.ask(media_id, token, scope)
        url, size = answer.get("url"), str(answer.get("file_size"))
        if not isinstance(url, str) or not url:
            raise GraphFailure(f"Graph's answer about media {media_id} holds no address")
        return Media(
            url,
            str(answer.get("mime_type", "")),
            str(answer.get("sha256", "")),
            int(size) if size.isdecimal() else 0,
        )

    @asynccontextmanager
    async def stream(
        self, url: URL, token: str, *, silence: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open a file's address; the caller vouches that the token may go there.

        Raises aiohttp's own errors, TimeoutError after `silence` seconds without a piece.
        """
        if self._session is None:
            raise RuntimeError("GraphClient is used before open() or after close()")
        async with self._session.get(
            url,
            headers={"Authorization": f"Bearer {token}"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=silence, sock_read=silence),
            trace_request_ctx=SimpleNamespace(written=False),
        ) as response:
            yield response

    async def ask(
        self, path: str, token: str, params: dict[str, str] | None = None, *, method: str = "GET"
    ) -> dict[str, Any]:
        """Return what Graph answers; raises GraphFailure for all but a JSON object."""
        for part in path.split("/"):
            if fault := _fault(part, token):
                raise GraphFailure(fault)
        result = await self._exchange(method, path, token=token, params=params)
        what = f"{method} {path}"
        if isinstance(result, Failed):
            raise GraphFailure(
                f"Graph at {self._base_url} (WHATSAPP_API_BASE) did not answer {what}:"
                f" {result.reason}",
                hint=how_to_reach(self._base_url),
                retryable=True,
            )
        error = read_error(result.json)
        if error is not None:
            retryable = error.reaction in {Reaction.BACKOFF, Reaction.RETRY_FEW, Reaction.LATER}
            raise GraphFailure(f"Graph refused {what}: {error}", error=error, retryable=retryable)
        if result.status != 200 or not isinstance(result.json, dict):
            raise GraphFailure(
                f"Graph answered {what} with HTTP {result.status} and no usable JSON",
                retryable=result.status >= 500 or result.status == 429,
            )
        return result.json

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        token: str,
        body: dict[str, Any] | None = None,
        params: dict[str, str] | None = None,
    ) -> Answer | Failed:
        if self._session is None:
            raise RuntimeError("GraphClient is used before open() or after close()")
        begun = time.perf_counter()
        result = await exchange(
            self._session, method, f"{self._root}/{path}", token=token, body=body, params=params
        )
        status, code = None, None
        if isinstance(result, Answer):
            status = result.status
            error = read_error(result.json) if status != 200 else None
            code = error.code if error else None
        self._measures.graph(status, code, time.perf_counter() - begun)
        return result


def _fault(identifier: str, token: str) -> str:
    """Tell why a request cannot be made: an id that would change its path, a garbled token."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", identifier):
        return f"{identifier!r} is no Graph id"
    if not re.fullmatch(r"[!-~]+", token):
        return "the token is empty or has characters that no token has"
    return ""


def _outcome(answer: Answer) -> SendOutcome:
    error = read_error(answer.json)
    if error is not None:
        if error.code in MAYBE_SENT:
            return Unknown(str(error))
        return Rejected(error.code, str(error), error.reaction, answer.retry_after)
    if answer.status == 200:
        return _accepted(answer.json)
    reaction = reaction_to_status(answer.status)
    reason = f"HTTP {answer.status} without a Graph error"
    if reaction is None:
        return Unknown(reason)
    return Rejected(None, reason, reaction, answer.retry_after)


def _accepted(answer: Any) -> SendOutcome:
    wamid = _first(answer, "messages").get("id")
    if not isinstance(wamid, str) or not wamid:
        return Unknown("HTTP 200 without a message id")
    contact = _first(answer, "contacts")
    wa_id, user_id = contact.get("wa_id"), contact.get("user_id")
    return Accepted(
        wamid,
        wa_id if isinstance(wa_id, str) else "",
        user_id if isinstance(user_id, str) else "",
    )


def _first(answer: Any, key: str) -> dict[str, Any]:
    items = answer.get(key) if isinstance(answer, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}
