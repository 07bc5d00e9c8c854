"""The composition root: settings become databases, repositories, gateways and use cases."""

from wabot.container.central import CENTRAL_DATABASE, CentralUrls, open_central
from wabot.container.graph import graph_client
from wabot.container.media import media_storage
from wabot.container.provisioning import Provisioning, open_tenants, tenants_at
from wabot.container.runtime import Runtime, build_runtime, template_texts

__all__ = [
    "CENTRAL_DATABASE",
    "CentralUrls",
    "Provisioning",
    "Runtime",
    "build_runtime",
    "graph_client",
    "media_storage",
    "open_central",
    "open_tenants",
    "template_texts",
    "tenants_at",
]
