"""Webhooks of the Cloud API as values: `parse_webhook(body, received_at) -> list[Item]`."""

from wabot.domain.inbound.items import (
    AccountNotice,
    Echo,
    IdentityChange,
    InboundMessage,
    Item,
    Malformed,
    Pricing,
    StatusError,
    StatusUpdate,
)
from wabot.domain.inbound.readers import item_from_json
from wabot.domain.inbound.source import Source
from wabot.domain.inbound.webhook import parse_webhook

__all__ = [
    "AccountNotice",
    "Echo",
    "IdentityChange",
    "InboundMessage",
    "Item",
    "Malformed",
    "Pricing",
    "Source",
    "StatusError",
    "StatusUpdate",
    "item_from_json",
    "parse_webhook",
]
