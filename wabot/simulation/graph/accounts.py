"""WhatsApp Business Accounts: what they are, who hears of them, their templates."""

from typing import Any

from aiohttp import web

from wabot.simulation.graph.http import STATE, answer, authorise, chosen
from wabot.simulation.graph.refusals import NoSuchObject, Refusal
from wabot.simulation.graph.state import State

_BY_DEFAULT = ("name", "currency", "timezone_id")
_PAGE = 25
_HOUR = 3600.0


def is_one(state: State, node: str, token: str, request: web.Request) -> bool:
    """Tell whether the id is an account's that the token may see.

    Where any id is taken, the question tells: only accounts have a currency.
    """
    if not state.config.numbers:
        return "currency" in request.query.get("fields", "").split(",")
    return any(number.waba_id == node for number in state.config.numbers_of(token))


def tell(request: web.Request, state: State, account: str) -> web.Response:
    """Answer about an account."""
    _count(state, account)
    ordinary: dict[str, Any] = {
        "id": account,
        "name": "Tienda",
        "currency": "MXN",
        "timezone_id": "85",
        "account_review_status": "APPROVED",
        "business_verification_status": "not_verified",
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [
                {"entity_type": "WABA", "id": account, "can_send_message": "AVAILABLE"},
                {"entity_type": "APP", "id": state.config.app_id, "can_send_message": "AVAILABLE"},
            ],
        },
    }
    facts = ordinary | state.facts.get(account, {})
    return answer(chosen(request, facts, _BY_DEFAULT, "WhatsAppBusinessAccount"))


async def subscriptions(request: web.Request) -> web.Response:
    """List, make or end the app's subscription to an account's webhooks."""
    state, account = _account(request)
    if request.method == "GET":
        app = {"id": state.config.app_id, "name": "wabot", "link": "https://example.com/"}
        listed = [{"whatsapp_business_api_data": app}] if account in state.subscribed else []
        return answer({"data": listed})
    if request.method == "POST" and len(state.subscribed) < 10_000:
        state.subscribed.add(account)
    if request.method == "DELETE":
        state.subscribed.discard(account)
    return answer({"success": True})


async def templates(request: web.Request) -> web.Response:
    """List the account's templates; `name` is looked for anywhere in their names, as Meta does."""
    state, account = _account(request)
    words, limit = request.query.get("name", ""), request.query.get("limit", str(_PAGE))
    if not limit.isdecimal() or not 0 < int(limit) <= 1000:
        raise Refusal(100, "Param limit must be a number from 1 to 1000")
    found = [
        {
            "name": template.name,
            "status": template.status,
            "language": template.language,
            "category": "UTILITY",
            "id": str(900_000_000_000 + number),
        }
        for number, template in enumerate(state.templates.of(account, words))
    ]
    fields = {*request.query.get("fields", "name,status,language,category").split(","), "id"}
    shown = [{key: entry[key] for key in entry if key in fields} for entry in found]
    return answer({"data": shown[: int(limit)]})


def _account(request: web.Request) -> tuple[State, str]:
    token = authorise(request)
    state, account = request.app[STATE], request.match_info["node"]
    if state.config.numbers and not is_one(state, account, token, request):
        raise NoSuchObject(account, request.method)
    _count(state, account)
    return state, account


def _count(state: State, account: str) -> None:
    """Refuse what is beyond an account's questions of an hour."""
    limit = state.config.account_calls
    if not limit:
        return
    now = state.config.timer()
    made = [at for at in state.asked.get(account, []) if at > now - _HOUR]
    if len(made) >= limit:
        raise Refusal(80007, "(#80007) There have been too many calls to this account")
    state.asked[account] = [*made, now]
