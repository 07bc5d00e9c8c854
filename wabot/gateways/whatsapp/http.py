"""One HTTP exchange with Graph, and whether anything of it left this machine."""

import os
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson

MAX_ANSWER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `json` is None when the answer was not a JSON document."""

    status: int
    json: Any
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer; `sent` tells whether the request had been written by then."""

    sent: bool
    reason: str


def tracing() -> aiohttp.TraceConfig:
    """Return a trace that sets `written` on the request's context once bytes go out."""

    async def written(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        context.trace_request_ctx.written = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(written)
    return trace


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    token: str,
    body: dict[str, Any] | None = None,
    params: dict[str, str] | None = None,
) -> Answer | Failed:
    """Make one request, never following a redirect: the token goes to Graph alone."""
    progress = SimpleNamespace(written=False)
    headers = {"Authorization": f"Bearer {token}"}
    data = None
    if body is not None:
        data = orjson.dumps(body)
        headers["Content-Type"] = "application/json"
    try:
        async with session.request(
            method,
            url,
            data=data,
            params=params,
            headers=headers,
            allow_redirects=False,
            trace_request_ctx=progress,
        ) as response:
            secrets = (token, (params or {}).get("input_token", ""))
            raw = _without(secrets, await _read(response))
            return Answer(response.status, _decode(raw), _retry_after(response.headers))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        # The error's own text may quote the URL, which can hold a token.
        return Failed(progress.written, _said(error))


def _said(error: Exception) -> str:
    """Say in plain words what went wrong, by the error's kind alone."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not found"
        case aiohttp.ClientSSLError():
            return "no secure connection can be made"
        case TimeoutError():
            return "no answer in time"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case aiohttp.ClientPayloadError():
            return "its answer was cut short, or is too large"
        case aiohttp.ServerDisconnectedError() | OSError():
            return "the connection broke"
        case _:
            return "what it answered is no HTTP"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        chunks += chunk
        if len(chunks) > MAX_ANSWER:
            raise aiohttp.ClientPayloadError("answer too large")
    return bytes(chunks)


def _without(secrets: tuple[str, ...], raw: bytes) -> bytes:
    """Blank out tokens: Meta quotes a malformed one in its error message."""
    for secret in secrets:
        if len(secret) >= 8:
            raw = raw.replace(secret.encode(), b"[token]")
    return raw


def _decode(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _retry_after(headers: Any) -> timedelta | None:
    """Read Retry-After (seconds or a date, compared with the answer's own) or Meta's estimate."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal() and len(value) <= 6:
        return timedelta(seconds=int(value))
    if value:
        try:
            pause = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
        except (TypeError, ValueError):
            return None
        return max(pause, timedelta())
    return _estimate(headers.get("X-Business-Use-Case-Usage", ""))


def _estimate(usage: str) -> timedelta | None:
    """Return the minutes after which Meta expects to let the account in again."""
    try:
        accounts = orjson.loads(usage)
        minutes = max(
            entry["estimated_time_to_regain_access"]
            for entries in accounts.values()
            for entry in entries
        )
        return timedelta(minutes=minutes) if minutes > 0 else None
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None
