"""The other endpoints: numbers, tokens, subscriptions."""

from typing import Any

from aiohttp import web

from wabot.simulation.graph import accounts
from wabot.simulation.graph.config import MANAGEMENT, MESSAGING, Number
from wabot.simulation.graph.http import STATE, answer, authorise, bearer, chosen
from wabot.simulation.graph.media_nodes import locate
from wabot.simulation.graph.refusals import NoSuchObject, Refusal
from wabot.simulation.graph.state import State

_BY_DEFAULT = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
)


async def get_node(request: web.Request) -> web.Response:
    """Answer about a media id or a business number."""
    token = authorise(request)
    state, node = request.app[STATE], request.match_info["node"]
    file = state.media.get(node)
    if file is not None:
        return await locate(request, node, file)
    if accounts.is_one(state, node, token, request):
        return accounts.tell(request, state, node)
    number = state.config.number(node, token)
    if number is None:
        raise NoSuchObject(node, request.method)
    facts = _facts(state, number)
    return answer(chosen(request, facts, _BY_DEFAULT, "WhatsAppBusinessPhoneNumber"))


def _facts(state: State, number: Number) -> dict[str, Any]:
    ordinary = {
        "id": number.phone_number_id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "name_status": "APPROVED",
        "code_verification_status": "VERIFIED",
        "account_mode": "LIVE",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "is_official_business_account": False,
        "is_pin_enabled": True,
        "is_on_biz_app": False,
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "webhook_configuration": {"application": state.statuses.callback_url},
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [
                {
                    "entity_type": "PHONE_NUMBER",
                    "id": number.phone_number_id,
                    "can_send_message": "AVAILABLE",
                },
                {"entity_type": "WABA", "id": number.waba_id, "can_send_message": "AVAILABLE"},
                {"entity_type": "APP", "id": state.config.app_id, "can_send_message": "AVAILABLE"},
            ],
        },
    }
    return ordinary | state.facts.get(number.phone_number_id, {})


async def debug_token(request: web.Request) -> web.Response:
    """Answer about a token, asked with itself or with the app's own."""
    config, asking = request.app[STATE].config, bearer(request)
    if not asking.startswith(f"{config.app_id}|") and not config.knows_token(asking):
        raise Refusal(190, "Invalid OAuth access token - Cannot parse access token")
    token = request.query.get("input_token", "")
    if not token:
        raise Refusal(100, "The parameter input_token is required.")
    if not config.knows_token(token):
        error = {"code": 190, "message": "Invalid OAuth access token."}
        return answer({"data": {"error": error, "is_valid": False, "scopes": []}})
    numbers = config.numbers_of(token)
    targets = sorted({n.waba_id for n in numbers})
    scopes = numbers[0].scopes if numbers else (MESSAGING, MANAGEMENT)
    return answer(
        {
            "data": {
                "app_id": config.app_id,
                "type": "SYSTEM_USER",
                "application": "wabot stand-in",
                "is_valid": True,
                "expires_at": numbers[0].expires_at if numbers else 0,
                "data_access_expires_at": 0,
                "issued_at": int(config.clock()),
                "scopes": list(scopes),
                "granular_scopes": [{"scope": scope, "target_ids": targets} for scope in scopes],
            }
        }
    )


async def app_subscriptions(request: web.Request) -> web.Response:
    """Tell the app itself which webhooks it is sent, and where to."""
    state = request.app[STATE]
    config = state.config
    if bearer(request) != f"{config.app_id}|{config.app_secret}":
        raise Refusal(190, "Invalid OAuth access token - Cannot parse access token")
    if request.match_info["node"] != config.app_id:
        raise NoSuchObject(request.match_info["node"], request.method)
    if not state.statuses.callback_url:
        return answer({"data": []})
    subscription = {
        "object": "whatsapp_business_account",
        "callback_url": state.statuses.callback_url,
        "active": True,
        "fields": [{"name": "messages", "version": "v26.0"}],
    }
    return answer({"data": [subscription]})
