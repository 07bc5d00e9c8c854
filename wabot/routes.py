"""Every path that the server answers: in public, and on the address for operators."""

from aiohttp import web

from wabot.controllers.health import HealthController
from wabot.controllers.metrics import MetricsController
from wabot.controllers.webhook import WebhookController


def add_public_routes(
    app: web.Application, webhook: WebhookController, health: HealthController
) -> None:
    """Register what WhatsApp and a proxy may ask."""
    app.add_routes(
        [
            web.get("/webhook", webhook.verify, allow_head=False),
            web.post("/webhook", webhook.receive),
            web.get("/healthz", health.alive),
        ]
    )


def add_admin_routes(
    app: web.Application, health: HealthController, metrics: MetricsController
) -> None:
    """Register what is for those who run the server."""
    app.add_routes(
        [
            web.get("/healthz", health.alive),
            web.get("/readyz", health.ready),
            web.get("/metrics", metrics.show),
        ]
    )
