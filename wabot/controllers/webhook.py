"""The one endpoint that WhatsApp calls, for all companies."""

import hmac
import json
import logging
from typing import Any

import orjson
from aiohttp import web

from wabot.domain.inbound import parse_webhook
from wabot.logs import bound, log
from wabot.services.runtime.acceptance import Acceptor
from wabot.services.runtime.ports import Clock
from wabot.services.runtime.spans import UNTRACED, Spans
from wabot.services.signatures import SignatureVerifier

_log = logging.getLogger(__name__)

SIGNATURE_HEADER = "X-Hub-Signature-256"


class WebhookController:
    """Verifies, parses and accepts; the tenant is found in the body, never in a header."""

    def __init__(
        self,
        acceptor: Acceptor,
        signatures: SignatureVerifier,
        clock: Clock,
        verify_token: str,
        spans: Spans = UNTRACED,
    ) -> None:
        self._acceptor = acceptor
        self._signatures = signatures
        self._clock = clock
        self._verify_token = verify_token
        self._spans = spans

    async def verify(self, request: web.Request) -> web.Response:
        """Answer Meta's handshake with its challenge; it carries no signature."""
        query = request.query
        token = query.get("hub.verify_token", "")
        right = bool(self._verify_token) and hmac.compare_digest(
            token.encode(), self._verify_token.encode()
        )
        if query.get("hub.mode") != "subscribe" or not right or "hub.challenge" not in query:
            log(_log, logging.WARNING, "webhook.unverified", "A handshake was refused.")
            raise web.HTTPForbidden(text="hub.mode or hub.verify_token is wrong\n")
        return web.Response(text=query["hub.challenge"], content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        """Answer 200 once everything that was signed and can be read is stored."""
        raw = await request.read()
        app_id = self._signatures.app_of(raw, request.headers.get(SIGNATURE_HEADER))
        if app_id is None:
            log(_log, logging.WARNING, "webhook.unsigned", "A webhook without a valid signature.")
            raise web.HTTPUnauthorized(text=f"{SIGNATURE_HEADER} is missing or wrong\n")
        request_id = bound("request_id")
        with self._spans.span("accept", request_id, bytes=len(raw)):
            items = parse_webhook(self._decode(raw), self._clock.now())
            await self._acceptor.accept(items, app_id=app_id, request_id=request_id)
        return web.Response(text="ok")

    def _decode(self, raw: bytes) -> Any:
        try:
            return _parsed(raw)
        except ValueError as error:
            log(
                _log,
                logging.ERROR,
                "webhook.invalid_json",
                "A signed webhook is no JSON.",
                reason=str(error),
                bytes=len(raw),
            )
            raise web.HTTPBadRequest(text="the body is no JSON\n") from None


def _parsed(raw: bytes) -> Any:
    """Return what the JSON says; raises ValueError.

    A cut emoji (half of a surrogate pair) is no text, but no reason to refuse all that came with
    it either: it becomes a question mark.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        if b"\\ud" not in raw.lower():
            raise
    try:
        lenient = json.loads(raw, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return orjson.loads(json.dumps(lenient, ensure_ascii=False).encode(errors="replace"))


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
