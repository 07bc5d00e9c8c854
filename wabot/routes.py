"""Every path that the server answers."""

from aiohttp import web

from wabot.controllers.health import HealthController
from wabot.controllers.webhook import WebhookController


def add_routes(app: web.Application, webhook: WebhookController, health: HealthController) -> None:
    """Register the controllers."""
    app.add_routes(
        [
            web.get("/webhook", webhook.verify, allow_head=False),
            web.post("/webhook", webhook.receive),
            web.get("/healthz", health.alive),
            web.get("/readyz", health.ready),
        ]
    )
