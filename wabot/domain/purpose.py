"""What a message is for, and the approved template that may carry it when nothing else passes."""

import re
from dataclasses import dataclass
from enum import StrEnum

_LANGUAGE = r"[a-z]{2,3}(?:_[A-Z]{2})?"
_WRITTEN = re.compile(rf"([a-z0-9_]{{1,512}}):({_LANGUAGE})")


class Purpose(StrEnum):
    """Purposes of messages; each may have a template of its own, with these body parameters."""

    REPLY = "reply"
    """An answer to a customer: what it says, on one line."""
    ORDER_UPDATE = "order_update"
    """What became of a customer's order: its code, its status, its total."""
    ORDER_NOTICE = "order_notice"
    """A new order, told to the shop: its code, the customer, the products, the total, where to."""
    HANDOFF_NOTICE = "handoff_notice"
    """A customer wants a person, told to the shop: the customer, what is known of their order."""

    QUOTA_NOTICE = "quota_notice"
    """The plan's messages run out, told to the shop: how many were used, of how many, the plan."""

    @property
    def setting(self) -> str:
        """Return the key of the shop's setting that names the template."""
        return f"{self.value}_template"


@dataclass(frozen=True, slots=True)
class TemplateName:
    """An approved template of the shop's WhatsApp account, in one of its languages."""

    name: str
    language: str

    def __str__(self) -> str:
        return f"{self.name}:{self.language}"


def parse_template(written: str) -> TemplateName | None:
    """Read `name:language`; None for nothing."""
    if not written:
        return None
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError("must be a template's name and language like pedido_nuevo:es_MX, or empty")
    return TemplateName(match[1], match[2])
