"""Meta's Graph API as the settings name it."""

from typing import TYPE_CHECKING, Any

from wabot.config import Settings

if TYPE_CHECKING:
    from wabot.gateways.whatsapp.client import GraphClient


def graph_client(settings: Settings, **options: Any) -> "GraphClient":
    """Return a client that is not open yet; `options` are the client's own."""
    from wabot.gateways.whatsapp.client import GraphClient

    return GraphClient(settings["WHATSAPP_API_BASE"], settings["WHATSAPP_API_VERSION"], **options)
