"""What Graph says of tokens, in the terms of the use cases."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wabot.domain.delivery import TOKEN_REFUSED
from wabot.gateways.whatsapp.client import GraphClient
from wabot.gateways.whatsapp.errors import GraphFailure
from wabot.services.provisioning.token_rules import TokenFacts


class GraphInspector:
    """Asks through a client that is open."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def inspect(self, token: str) -> TokenFacts:
        """Return what Graph says of the token, asked with itself."""
        try:
            data = await self._graph.debug_token(token)
        except GraphFailure as failure:
            if failure.error is None or failure.error.code != TOKEN_REFUSED:
                raise
            return TokenFacts(valid=False, reason=str(failure.error))
        error = data.get("error")
        told = error.get("message", "") if isinstance(error, dict) else ""
        valid = data.get("is_valid") is True
        return TokenFacts(
            valid=valid,
            reason="" if valid else str(told) or "it says that the token is not valid",
            app_id=str(data.get("app_id") or ""),
            expires_at=_moment(data.get("expires_at")),
            scopes=_texts(data.get("scopes")),
            targets=_targets(data.get("granular_scopes")),
        )

    async def refusal(self, phone_number_id: str, token: str) -> str:
        """Return why Graph does not answer about that number with that token; empty if it does."""
        try:
            found = await self._graph.phone_number(phone_number_id, token)
        except GraphFailure as failure:
            if failure.error is None or failure.retryable:
                raise
            return str(failure.error)
        told = str(found.get("id", ""))
        return "" if told == phone_number_id else f"Graph answered about {told or 'nothing'}"


def _moment(value: Any) -> datetime | None:
    """Read seconds of the epoch; 0 is never."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _texts(value: Any) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def _targets(value: Any) -> Mapping[str, frozenset[str]]:
    found = value if isinstance(value, list) else []
    return {
        str(scope["scope"]): _texts(scope.get("target_ids"))
        for scope in found
        if isinstance(scope, dict) and "scope" in scope
    }
