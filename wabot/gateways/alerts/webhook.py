"""Alerts to a URL: a chat's incoming webhook, or a program of the operator's own."""

import hashlib
import hmac
import time
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
from yarl import URL

from wabot.domain.alerts.notices import Digest, Notice
from wabot.services.alerts.ports import ChannelFailed

SIGNATURE_HEADER = "X-Wabot-Signature-256"
TIME_HEADER = "X-Wabot-Timestamp"

_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=7)
# Slack cuts what is longer.
_LONGEST = 35_000
_HINT = "See that WABOT_ALERTS_WEBHOOK is the whole URL that the chat gave you"
_UNREACHED = f"{_HINT}, and that this machine may reach it."


class WebhookChannel:
    """Posts `{"text": …}`, as Slack, Mattermost and Google Chat take it.

    With a secret it is signed over time and body, and carries the alerts as fields too: who checks
    signatures is a program. The URL itself is a secret: only its host is ever named.
    """

    name = "webhook"
    pause = timedelta(seconds=30)

    def __init__(self, url: str, secret: str = "") -> None:
        self._url = URL(url)
        self._secret = secret

    async def tell(self, message: Digest) -> None:
        """Post the message."""
        body = self._body(message)
        try:
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(
                    self._url,
                    data=body,
                    headers=self._headers(body),
                    allow_redirects=False,
                    timeout=_TIMEOUT,
                ) as answer,
            ):
                if not 200 <= answer.status < 300:
                    raise self._refused(answer.status)
        except TimeoutError as error:
            raise self._failed("did not answer within 15 s", _UNREACHED) from error
        except aiohttp.ClientError as error:
            reason = _plain(error)
            raise self._failed(f"cannot be reached: {reason}", _UNREACHED) from error

    def _body(self, message: Digest) -> bytes:
        body: dict[str, Any] = {"text": f"*{message.subject}*\n{message.text}"[:_LONGEST]}
        if self._secret:
            body["alerts"] = [_fields(notice) for notice in message.notices]
        return orjson.dumps(body)

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "wabot"}
        if self._secret:
            moment = str(int(time.time()))
            signed = hmac.new(self._secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
            headers |= {TIME_HEADER: moment, SIGNATURE_HEADER: f"sha256={signed.hexdigest()}"}
        return headers

    def _refused(self, status: int) -> ChannelFailed:
        if 300 <= status < 400:
            return self._failed(f"answered HTTP {status}, a redirect", f"{_HINT}.")
        if status in {404, 410}:
            return self._failed(f"answered HTTP {status}: there is nothing there", f"{_HINT}.")
        if status in {401, 403}:
            return self._failed(
                f"answered HTTP {status}: it refuses us",
                "Make a new incoming webhook, or correct WABOT_ALERTS_WEBHOOK_SECRET.",
            )
        return self._failed(f"answered HTTP {status}", "Look at the log of whoever receives it.")

    def _failed(self, what: str, hint: str) -> ChannelFailed:
        return ChannelFailed(f"The webhook at {self._url.host} {what}", hint=hint, retryable=True)


def _fields(notice: Notice) -> dict[str, Any]:
    alert = notice.alert
    return {
        "news": notice.news.value,
        "key": alert.key,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "tenant": alert.tenant,
        "message": alert.message,
        "occurrences": alert.occurrences,
        "first_at": alert.first_at.isoformat(),
        "last_at": alert.last_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
    }


def _plain(error: aiohttp.ClientError) -> str:
    """Name the cause without the URL, which aiohttp likes to repeat."""
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) if cause else type(error).__name__
