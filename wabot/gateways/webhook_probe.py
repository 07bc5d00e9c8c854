"""The webhook's address, asked from outside as Meta asks it; and Meta, what it calls."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from wabot.errors import ExternalFailure
from wabot.gateways.whatsapp.client import GraphClient
from wabot.services.webhook_facts import Answer, Subscription

_PATIENCE = aiohttp.ClientTimeout(total=10.0, connect=5.0)
_ANSWER = 64 * 1024
_HEADER = "X-Hub-Signature-256"


class WebhookProbe:
    """Asks one address, each time over a connection of its own; `direct` goes by no proxy."""

    def __init__(
        self, url: str, *, graph_url: str, graph_version: str, direct: bool = False
    ) -> None:
        self._url = url
        self._direct = direct
        self._graph = (graph_url, graph_version)

    async def certificate_end(self) -> datetime:
        """Return when its certificate ends; raises when it is none that browsers accept."""
        parts = urlsplit(self._url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            async with asyncio.timeout(_PATIENCE.total):
                _, writer = await asyncio.open_connection(
                    host, port, ssl=ssl.create_default_context()
                )
        except (OSError, TimeoutError) as error:
            raise _unreached(self._url, error) from error
        try:
            certificate = writer.get_extra_info("peercert") or {}
        finally:
            writer.transport.abort()
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)

    async def get(self, parameters: Mapping[str, str]) -> Answer:
        """Ask as Meta does when it verifies the address."""
        return await self._ask("GET", params=dict(parameters))

    async def post(self, body: bytes, signature: str) -> Answer:
        """Deliver a webhook."""
        headers = {"Content-Type": "application/json"}
        if signature:
            headers[_HEADER] = signature
        return await self._ask("POST", data=body, headers=headers)

    async def subscription(self, app_id: str, secret: str) -> Subscription | None:
        """Return what Meta calls for an app; None when it calls nothing."""
        url, version = self._graph
        async with GraphClient(url, version) as graph:
            found = await graph.app_subscriptions(app_id, secret)
        for one in found:
            if one.get("object") == "whatsapp_business_account":
                fields = one.get("fields")
                names = [field.get("name") for field in fields] if isinstance(fields, list) else []
                return Subscription(
                    str(one.get("callback_url", "")),
                    one.get("active") is not False,
                    frozenset(map(str, names)),
                )
        return None

    async def _ask(
        self,
        method: str,
        *,
        params: dict[str, str] | None = None,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE, trust_env=not self._direct) as session,
                session.request(
                    method,
                    self._url,
                    params=params,
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    # Anew: the library keeps the authorities that it found as it was imported.
                    ssl=ssl.create_default_context(),
                ) as response,
            ):
                raw = await response.content.read(_ANSWER)
                return Answer(response.status, raw.decode(errors="replace"))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreached(self._url, error) from error


def _unreached(url: str, error: Exception) -> ExternalFailure:
    """Name why an address is not reached; the error's own text may quote its query."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, (ssl.SSLError, OSError, TimeoutError)):
        cause = cause.__cause__ or cause.__context__
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or cause
    if isinstance(inner, ssl.SSLCertVerificationError):
        return ExternalFailure(
            f"{url} has a certificate that Meta does not accept: {inner.verify_message}",
            hint="Renew it at the proxy, with its whole chain; see: openssl s_client -connect"
            f" {urlsplit(url).hostname}:{urlsplit(url).port or 443}",
        )
    if isinstance(inner, ssl.SSLError):
        return ExternalFailure(
            f"{url} speaks no TLS that Meta accepts: {inner.reason or 'the handshake failed'}",
            hint="Have the proxy speak HTTPS on that port.",
        )
    said = "no answer in time" if isinstance(error, TimeoutError) else _said(inner or error)
    return ExternalFailure(
        f"{url} is not reached: {said}",
        hint=f"See that its name, firewall and proxy lead to this server: curl -v {url}",
        retryable=True,
    )


def _said(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
