"""From what a customer sends to the webhook that Meta would post."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from wabot.simulation import inbound_payloads as payloads
from wabot.simulation.conversation.contents import (
    Card,
    CartItem,
    Choice,
    Content,
    Deletion,
    Edit,
    File,
    NativeCart,
    Opening,
    Pin,
    Reaction,
    Text,
    Unreadable,
)
from wabot.simulation.conversation.observed import CONTACT_BUTTON, BotMessage, ShownOption
from wabot.simulation.conversation.people import SimulatedCustomer

Fields = tuple[str, Mapping[str, Any]]


class NotOffered(ValueError):
    """Tell that an option is not there to be tapped."""


@dataclass(slots=True)
class Phone:
    """One customer's WhatsApp: what stands on the screen."""

    received: list[BotMessage] = field(default_factory=list)
    last_sent: str = ""

    @property
    def last(self) -> BotMessage | None:
        """Return the bot's last message."""
        return self.received[-1] if self.received else None

    @property
    def options(self) -> Sequence[ShownOption]:
        """Return what the last message offers."""
        return self.last.options if self.last else ()

    def find(self, choice: Choice) -> tuple[ShownOption, BotMessage]:
        """Return the option and its message; NotOffered lists what there is."""
        messages = self.received[:-1] if choice.old else self.received[-1:]
        for message in reversed(messages):
            for option in message.options:
                if option.title == choice.title and option.id:
                    return option, message
        titles = " ".join(f"[{option.title}]" for option in self.options) or "nothing"
        where = "an earlier message" if choice.old else "the last message"
        raise NotOffered(f"[{choice.title}] is not offered in {where}; now there is: {titles}")


def content_fields(  # noqa: C901, PLR0912 - one case per content
    content: Content,
    phone: Phone,
    prices: Mapping[str, str],
    keep_media: Callable[[str], str],
) -> tuple[Fields, str]:
    """Return Meta's type and fields, and the wamid of the message that a tap answers.

    `prices` are the catalogue's by SKU; `keep_media` makes a file of a kind and returns its id.
    """
    last = phone.last
    shown = last.wamid if last else ""
    match content:
        case Text(body):
            return payloads.text(body), ""
        case Choice():
            option, message = phone.find(content)
            if option.in_list:
                fields = payloads.row_tap(option.id, option.title, option.description)
            else:
                fields = payloads.button_tap(option.id, option.title)
            return fields, message.wamid
        case File(kind, caption):
            return payloads.media(kind, keep_media(kind), caption), ""
        case Pin(latitude, longitude, name):
            return payloads.location(latitude, longitude, name), ""
        case Card(number):
            asked = bool(last) and any(o.title == CONTACT_BUTTON for o in phone.options)
            return payloads.contact_card(number, "Contacto", requested=asked), ""
        case NativeCart(items):
            lines = [_priced(item, prices) for item in items]
            return payloads.native_cart(lines), ""
        case Reaction(emoji):
            return payloads.reaction(shown or payloads.new_wamid(), emoji), ""
        case Edit(body):
            edited = {"type": "text", "text": {"body": body}}
            about = phone.last_sent or payloads.new_wamid()
            return ("edit", {"edit": {"original_message_id": about, "message": edited}}), ""
        case Deletion():
            about = phone.last_sent or payloads.new_wamid()
            return ("revoke", {"revoke": {"original_message_id": about}}), ""
        case Opening():
            return ("request_welcome", {}), ""
        case Unreadable(kind):
            return (kind, _undelivered(kind)), ""
        case _ as never:
            assert_never(never)


def customer_webhook(
    customer: SimulatedCustomer,
    phone_number_id: str,
    waba_id: str,
    fields: Fields,
    *,
    timestamp: int,
    wamid: str,
    context_id: str = "",
) -> dict[str, Any]:
    """Return the whole body for one message."""
    return payloads.from_customer(
        phone_number_id,
        customer.person,
        fields,
        timestamp=timestamp,
        wamid=wamid,
        context_id=context_id,
        waba_id=waba_id,
    )


def echo_webhook(
    customer: SimulatedCustomer, phone_number_id: str, waba_id: str, body: str, *, timestamp: int
) -> dict[str, Any]:
    """Return the body that tells of a message written in the Business app."""
    to = {"to": customer.wa_id} if customer.wa_id else {"to_user_id": customer.user_id}
    echo = {
        "from": "15550100000",
        **to,
        "id": payloads.new_wamid(),
        "timestamp": str(timestamp),
        "type": "text",
        "text": {"body": body},
    }
    entry = payloads.change(phone_number_id)
    entry["field"] = "smb_message_echoes"
    entry["value"]["message_echoes"] = [echo]
    return payloads.webhook([entry], waba_id)


def _priced(item: CartItem, prices: Mapping[str, str]) -> tuple[str, int, str]:
    return item.sku, item.quantity, item.price or prices.get(item.sku, "1.00")


def _undelivered(kind: str) -> dict[str, Any]:
    if kind != "unsupported":
        return {kind: {}}
    error = {
        "code": 131051,
        "title": "Message type unknown",
        "message": "Message type unknown",
        "error_data": {"details": "Message type is currently not supported."},
    }
    return {"errors": [error], "unsupported": {"type": "poll_creation"}}
