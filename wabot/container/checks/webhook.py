"""The checks of the webhook's address, over HTTP."""

from collections.abc import Mapping
from typing import Any

from wabot.checks.model import CheckSet
from wabot.checks.webhook import WEBHOOK, Webhook
from wabot.container.checks.surroundings import Surroundings


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def contexts() -> Mapping[str, Webhook]:
        from wabot.gateways.webhook_probe import WebhookProbe

        settings = around.settings
        public = settings["WABOT_PUBLIC_URL"]
        url = f"{public or around.own_address}/webhook"
        probe = WebhookProbe(
            url,
            graph_url=settings["WHATSAPP_API_BASE"],
            graph_version=settings["WHATSAPP_API_VERSION"],
        )
        file = str(around.found.file.resolve())
        token = settings["WHATSAPP_VERIFY_TOKEN"]
        return {"": Webhook(url, bool(public), probe, token, settings.apps, file)}

    return (CheckSet(WEBHOOK, contexts, needs=("env.setting", "env.together")),)
