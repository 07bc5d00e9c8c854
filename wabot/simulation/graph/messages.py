"""Meta's rules for POST /{phone_number_id}/messages.

Written from Meta's references, independent of the domain's own limits, which it is there to test.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from wabot.simulation.graph.checks import INVALID, PARAMETER, array, obj, one_of, required, text
from wabot.simulation.graph.interactive import check_interactive
from wabot.simulation.graph.refusals import Refusal
from wabot.simulation.graph.templates import check_shape

Body = Mapping[str, Any]

_PHONE = re.compile(r"\+[0-9]{7,15}")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


def check_message(body: Body) -> None:
    """Refuse a message that Meta would refuse."""
    check_product(body)
    one_of(body.get("recipient_type", "individual"), "recipient_type", {"individual"})
    _check_recipient(body)
    kind = one_of(body.get("type", "text"), "type", _CONTENTS)
    _CONTENTS[kind](obj(required(body, kind), kind) if kind != "contacts" else body)
    if "biz_opaque_callback_data" in body:
        text(body["biz_opaque_callback_data"], "biz_opaque_callback_data", 512, code=PARAMETER)
    if "context" in body:
        _check_wamid(obj(body["context"], "context"), "context.")


def check_read_receipt(body: Body) -> None:
    """Refuse a mark-as-read (with or without typing indicator) that Meta would refuse."""
    check_product(body)
    one_of(body.get("status"), "status", {"read"})
    _check_wamid(body, "")
    if "typing_indicator" in body:
        indicator = obj(body["typing_indicator"], "typing_indicator")
        one_of(indicator.get("type"), "typing_indicator['type']", {"text"})


def check_product(body: Body) -> None:
    """Refuse a body that does not say which product it is for."""
    if "messaging_product" not in body:
        raise Refusal(PARAMETER, "The parameter messaging_product is required.")
    one_of(body["messaging_product"], "messaging_product", {"whatsapp"})


def recipient_of(body: Body) -> tuple[str, str]:
    """Return digits of the phone number and user id; the phone takes precedence."""
    to = body.get("to")
    if isinstance(to, str) and to:
        return re.sub(r"\D", "", to), ""
    named = body.get("recipient")
    return "", named if isinstance(named, str) else ""


def _check_recipient(body: Body) -> None:
    if "to" not in body and "recipient" not in body:
        raise Refusal(PARAMETER, "The parameter to is required.")
    if "to" in body:
        to = text(body["to"], "to", 40)
        if not to.startswith("+"):
            # Meta would prepend the business's own country code and write to a stranger.
            raise Refusal(INVALID, "to must start with + and the country code")
        if not _PHONE.fullmatch(re.sub(r"[-() ]", "", to)):
            raise Refusal(INVALID, "to is not a valid phone number")
    elif not _USER_ID.fullmatch(text(body["recipient"], "recipient", 150)):
        raise Refusal(INVALID, "recipient is not a valid business-scoped user id")


def _check_wamid(holder: Body, where: str) -> None:
    wamid = text(required(holder, "message_id", where), "message_id", 256)
    if not wamid.startswith("wamid."):
        raise Refusal(INVALID, "message_id is not the id of a message")


def _text(content: Body) -> None:
    text(required(content, "body", "text."), "text['body']", 4096, code=PARAMETER)
    if not isinstance(content.get("preview_url", False), bool):
        raise Refusal(PARAMETER, "Param text['preview_url'] must be a boolean.")


def _media(content: Body) -> None:
    given = [key for key in ("id", "link") if key in content]
    if len(given) != 1:
        raise Refusal(PARAMETER, "Exactly one of id and link is required for media")
    text(content[given[0]], given[0], 2000, code=PARAMETER)
    if "caption" in content:
        text(content["caption"], "caption", 1024, code=PARAMETER)


def _location(content: Body) -> None:
    for key, limit in (("latitude", 90), ("longitude", 180)):
        value = required(content, key, "location.")
        try:
            fits = abs(float(value)) <= limit
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise Refusal(INVALID, f"{key} is not valid")


def _contacts(body: Body) -> None:
    for entry in array(required(body, "contacts"), "contacts", 1, 257):
        name = obj(required(obj(entry, "contact"), "name", "contact."), "contact['name']")
        text(required(name, "formatted_name", "contact.name."), "formatted_name", 1024)


def _reaction(content: Body) -> None:
    _check_wamid(content, "reaction.")
    if not isinstance(required(content, "emoji", "reaction."), str):
        raise Refusal(PARAMETER, "Param reaction['emoji'] must be a string.")


_CONTENTS: Mapping[str, Callable[[Body], None]] = {
    "text": _text,
    **dict.fromkeys(("image", "audio", "video", "document", "sticker"), _media),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "template": check_shape,
    "interactive": check_interactive,
}
