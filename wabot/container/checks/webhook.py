"""The checks of the webhook's address, over HTTP."""

from collections.abc import Mapping
from typing import Any

from wabot.checks.model import CheckSet
from wabot.checks.webhook import ROUTES, WEBHOOK, Webhook
from wabot.config import Examination, Settings, settings_of
from wabot.container.checks.surroundings import Surroundings


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def contexts() -> Mapping[str, Webhook]:
        public = around.settings["WABOT_PUBLIC_URL"]
        address = public or around.own_address
        return {"": _webhook(around.found, around.settings, address, public=bool(public))}

    return (CheckSet(WEBHOOK, contexts, needs=("env.setting", "env.together")),)


def own_routes(found: Examination, address: str) -> CheckSet[Any]:
    """Compose what a server proves of itself, at the address where it listens."""

    async def contexts() -> Mapping[str, Webhook]:
        return {"": _webhook(found, settings_of(found), address, public=False)}

    return CheckSet(ROUTES, contexts)


def _webhook(found: Examination, settings: Settings, address: str, *, public: bool) -> Webhook:
    from wabot.gateways.webhook_probe import WebhookProbe

    url = f"{address}/webhook"
    probe = WebhookProbe(
        url,
        graph_url=settings["WHATSAPP_API_BASE"],
        graph_version=settings["WHATSAPP_API_VERSION"],
        direct=not public,
    )
    file = str(found.file.resolve())
    return Webhook(url, public, probe, settings["WHATSAPP_VERIFY_TOKEN"], settings.apps, file)
