"""Webhook bodies as Meta writes and signs them, for whoever plays Meta's part."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIGNATURE_HEADER = "X-Hub-Signature-256"


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes; without wa_id they are known by user id (a username user)."""

    wa_id: str = ""
    name: str = ""
    user_id: str = ""
    username: str = ""

    def card(self) -> dict[str, Any]:
        """Return the person's entry in `contacts`."""
        names = _present(name=self.name, username=self.username)
        card: dict[str, Any] = _present(wa_id=self.wa_id, user_id=self.user_id)
        return {"profile": names, **card} if names else card


def new_wamid() -> str:
    """Return a message id that no other message has."""
    return f"wamid.HBgM{secrets.token_hex(20).upper()}"


def message(
    sender: Person,
    kind: str,
    content: Mapping[str, Any],
    *,
    timestamp: int,
    wamid: str = "",
    context_id: str = "",
) -> dict[str, Any]:
    """Return an entry of `messages`; `content` holds what stands beside the common fields."""
    common: dict[str, Any] = {
        **_present(**{"from": sender.wa_id, "from_user_id": sender.user_id}),
        "id": wamid or new_wamid(),
        "timestamp": str(timestamp),
        "type": kind,
    }
    if context_id:
        common["context"] = {"id": context_id}
    return {**common, **content}


def text(body: str) -> tuple[str, dict[str, Any]]:
    """Return type and content of a text."""
    return "text", {"text": {"body": body}}


def button_tap(option_id: str, title: str) -> tuple[str, dict[str, Any]]:
    """Return type and content of a tap on a reply button."""
    reply = {"id": option_id, "title": title}
    return "interactive", {"interactive": {"type": "button_reply", "button_reply": reply}}


def row_tap(option_id: str, title: str, description: str = "") -> tuple[str, dict[str, Any]]:
    """Return type and content of a choice out of a list."""
    reply = _present(id=option_id, title=title, description=description)
    return "interactive", {"interactive": {"type": "list_reply", "list_reply": reply}}


def location(
    latitude: float, longitude: float, name: str = "", address: str = ""
) -> tuple[str, dict[str, Any]]:
    """Return type and content of a pin."""
    place = {"latitude": latitude, "longitude": longitude}
    return "location", {"location": {**place, **_present(name=name, address=address)}}


_MIME_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}


def media(kind: str, media_id: str, caption: str = "") -> tuple[str, dict[str, Any]]:
    """Return type and content of a file."""
    digest = hashlib.sha256(media_id.encode()).hexdigest()
    file: dict[str, Any] = {"id": media_id, "mime_type": _MIME_TYPES[kind], "sha256": digest}
    if kind == "audio":
        file["voice"] = True
    if kind == "document":
        file["filename"] = "documento.pdf"
    return kind, {kind: {**file, **_present(caption=caption)}}


def contact_card(phone: str, name: str, *, requested: bool = False) -> tuple[str, dict[str, Any]]:
    """Return type and content of a shared contact; `requested` answers our own question."""
    card = {
        "name": {"formatted_name": name, "first_name": name},
        "phones": [{"phone": phone, "wa_id": phone.lstrip("+"), "type": "CELL"}],
        "origin": "contact_request" if requested else "other",
    }
    return "contacts", {"contacts": [card]}


def native_cart(
    lines: Sequence[tuple[str, int, str]], *, currency: str = "MXN", note: str = ""
) -> tuple[str, dict[str, Any]]:
    """Return type and content of a native cart: retailer id, quantity and price of each line."""
    items = [
        {
            "product_retailer_id": retailer_id,
            "quantity": quantity,
            "item_price": float(price),
            "currency": currency,
        }
        for retailer_id, quantity, price in lines
    ]
    return "order", {"order": {"catalog_id": "800100200300", "text": note, "product_items": items}}


def reaction(message_id: str, emoji: str) -> tuple[str, dict[str, Any]]:
    """Return type and content of a reaction; without emoji it is taken away."""
    return "reaction", {"reaction": {"message_id": message_id, **_present(emoji=emoji)}}


def status(
    wamid: str,
    word: str,
    *,
    timestamp: int,
    recipient: Person,
    callback_data: str = "",
    error: Mapping[str, Any] | None = None,
    category: str = "service",
) -> dict[str, Any]:
    """Return an entry of `statuses`; `error` belongs to `failed`."""
    entry: dict[str, Any] = {
        "id": wamid,
        "status": word,
        "timestamp": str(timestamp),
        **_present(
            recipient_id=recipient.wa_id,
            recipient_user_id=recipient.user_id,
            biz_opaque_callback_data=callback_data,
        ),
    }
    if word in {"sent", "delivered"}:
        entry["pricing"] = {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": category,
        }
    if error is not None:
        entry["errors"] = [dict(error)]
    return entry


def change(
    phone_number_id: str,
    *,
    messages: Sequence[Mapping[str, Any]] = (),
    statuses: Sequence[Mapping[str, Any]] = (),
    contacts: Sequence[Mapping[str, Any]] = (),
    display_phone_number: str = "15550100000",
) -> dict[str, Any]:
    """Return an entry of `changes` in the field `messages`."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": display_phone_number,
            "phone_number_id": phone_number_id,
        },
    }
    for key, entries in (("contacts", contacts), ("messages", messages), ("statuses", statuses)):
        if entries:
            value[key] = [dict(entry) for entry in entries]
    return {"field": "messages", "value": value}


def webhook(changes: Sequence[Mapping[str, Any]], waba_id: str = "900100200300") -> dict[str, Any]:
    """Return a whole body with one entry."""
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba_id, "changes": [dict(entry) for entry in changes]}],
    }


def from_customer(
    phone_number_id: str,
    sender: Person,
    content: tuple[str, Mapping[str, Any]],
    *,
    timestamp: int,
    wamid: str = "",
    context_id: str = "",
    waba_id: str = "900100200300",
) -> dict[str, Any]:
    """Return a whole body with one message of one person: what Meta sends most."""
    kind, fields = content
    sent = message(sender, kind, fields, timestamp=timestamp, wamid=wamid, context_id=context_id)
    one = change(phone_number_id, messages=[sent], contacts=[sender.card()])
    return webhook([one], waba_id)


def encode(body: Mapping[str, Any]) -> bytes:
    r"""Write a body as Meta does: ASCII, with / as \/ and anything beyond as \uXXXX."""
    written = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return written.replace("/", "\\/").encode()


def sign(body: bytes, secret: str) -> str:
    """Return the value of the signature header for exactly these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _present(**fields: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}
