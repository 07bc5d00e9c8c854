"""Meta's Cloud API, outbound: message bodies, refusals, the client."""

from wabot.gateways.whatsapp.client import GraphClient

__all__ = ["GraphClient"]
