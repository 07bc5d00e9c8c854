"""What Graph says of numbers, accounts and templates, in the terms of the checks."""

from typing import Any

from wabot.domain.meta import AccountFacts, HealthError, NumberFacts
from wabot.gateways.whatsapp.client import GraphClient

_ACCOUNT_FIELDS = "id,name,currency,account_review_status"
_MOST_TEMPLATES = "100"


class GraphAccounts:
    """Asks through a client that is open; each method is one call to Graph."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def number(self, phone_number_id: str, token: str) -> NumberFacts:
        """Return what Meta shows of a number."""
        found = await self._graph.phone_number(phone_number_id, token)
        health = _object(found.get("health_status"))
        callbacks = _object(found.get("webhook_configuration"))
        return NumberFacts(
            status=_text(found.get("status")),
            quality=_text(found.get("quality_rating")),
            platform=_text(found.get("platform_type")),
            mode=_text(found.get("account_mode")),
            name_status=_text(found.get("name_status")),
            throughput_level=_text(_object(found.get("throughput")).get("level")),
            on_business_app=found.get("is_on_biz_app") is True,
            can_send=_text(health.get("can_send_message")),
            errors=tuple(
                _health_error(_text(entity.get("entity_type")), error)
                for entity in _objects(health.get("entities"))
                for error in _objects(entity.get("errors"))
            ),
            callback=next(
                (
                    _text(callbacks[level])
                    for level in ("phone_number", "whatsapp_business_account", "application")
                    if callbacks.get(level)
                ),
                "",
            ),
        )

    async def account(self, waba_id: str, token: str) -> AccountFacts:
        """Return what Meta shows of a WhatsApp Business Account."""
        found = await self._graph.ask(waba_id, token, {"fields": _ACCOUNT_FIELDS})
        return AccountFacts(
            _text(found.get("name")),
            _text(found.get("currency")),
            _text(found.get("account_review_status")),
        )

    async def subscribed(self, waba_id: str, token: str) -> frozenset[str]:
        """Return the ids of the apps that get the account's webhooks."""
        found = await self._graph.ask(f"{waba_id}/subscribed_apps", token)
        apps = (_object(entry.get("whatsapp_business_api_data")) for entry in _list(found))
        return frozenset(str(app["id"]) for app in apps if app.get("id"))

    async def subscribe(self, waba_id: str, token: str) -> None:
        """Let the token's app get the account's webhooks."""
        await self._graph.ask(f"{waba_id}/subscribed_apps", token, method="POST")

    async def template(self, waba_id: str, name: str, token: str) -> dict[str, str]:
        """Return the status of a template by language; none when there is no such template."""
        asked = {"name": name, "fields": "name,status,language", "limit": _MOST_TEMPLATES}
        found = await self._graph.ask(f"{waba_id}/message_templates", token, asked)
        # Meta looks for the words anywhere in the name.
        return {
            _text(entry.get("language")): _text(entry.get("status"))
            for entry in _list(found)
            if entry.get("name") == name
        }


def _health_error(entity: str, error: dict[str, Any]) -> HealthError:
    code = error.get("error_code")
    return HealthError(
        entity,
        code if isinstance(code, int) else 0,
        _text(error.get("error_description")),
        _text(error.get("possible_solution")),
    )


def _list(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return _objects(answer.get("data"))


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""
