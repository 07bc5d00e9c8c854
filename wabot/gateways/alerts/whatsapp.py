"""Alerts to the operator's own phone, as an approved template: it passes at any hour."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from wabot.domain.alerts.notices import Digest
from wabot.domain.delivery import Accepted, Rejected
from wabot.domain.message import Recipient, TemplateMessage
from wabot.gateways.whatsapp.client import GraphClient
from wabot.services.alerts.ports import ChannelFailed

_HEADING, _BODY = 120, 700
_HINTS = {
    190: "Its token is refused: wabot tenant rotate-token SLUG, or set WABOT_ALERTS_WHATSAPP_TOKEN",
    131030: "The app is in development mode: add the number to its test numbers, or go Live",
    131042: "The account of that number needs a payment method: WhatsApp Manager → Billing",
    132000: "The template's body needs exactly {{1}} and {{2}}",
    132001: "See in the WhatsApp Manager that the template is approved, in that language",
}


@dataclass(frozen=True, slots=True)
class AlertSender:
    """A number that alerts come from, with its token in clear."""

    phone_number_id: str
    token: str


class WhatsAppChannel:
    """Sends `{{1}}` the heading and `{{2}}` what happened, cut to what fits a phone.

    `sender` finds the number and its token anew each time: a shop's may have been changed.
    """

    name = "whatsapp"
    # Each message costs, and 250 people a day is all that a new account may write to.
    pause = timedelta(minutes=5)

    def __init__(
        self,
        graph: GraphClient,
        sender: Callable[[], Awaitable[AlertSender]],
        recipient: str,
        template: tuple[str, str],
    ) -> None:
        self._graph = graph
        self._sender = sender
        self._recipient = Recipient(wa_id=recipient.lstrip("+"))
        self._template = template

    async def tell(self, message: Digest) -> None:
        """Send the template."""
        number = await self._sender()
        name, language = self._template
        values = (_line(message.subject, _HEADING), _line(message.text, _BODY))
        async with self._graph as graph:
            outcome = await graph.send(
                number.phone_number_id,
                number.token,
                self._recipient,
                TemplateMessage(name, language, values),
                "",
            )
        if isinstance(outcome, Accepted):
            return
        code = outcome.code if isinstance(outcome, Rejected) else None
        reason = outcome.details if isinstance(outcome, Rejected) else outcome.reason
        raise ChannelFailed(
            f"WhatsApp did not take the alert from number {number.phone_number_id}: {reason}",
            hint=_HINTS.get(code or 0, "See the number and the template in the WhatsApp Manager"),
            retryable=True,
        )


def _line(text: str, longest: int) -> str:
    """Put it on one line, as values of templates must be."""
    line = re.sub(r"\s*\n\s*", " · ", text.strip())
    line = " ".join(line.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
