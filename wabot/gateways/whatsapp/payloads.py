"""Outgoing messages as Graph's JSON."""

from typing import Any

from wabot.domain.message import (
    ButtonsMessage,
    ContactRequest,
    ListMessage,
    LocationRequest,
    OutboundMessage,
    Recipient,
    Row,
    Section,
    TemplateMessage,
    TextMessage,
)

CALLBACK_DATA = 512


def message_body(
    recipient: Recipient, message: OutboundMessage, callback_data: str = ""
) -> dict[str, Any]:
    """Return the body of POST /{phone_number_id}/messages.

    `callback_data` comes back in every status of the message; Meta takes at most 512 characters.
    """
    if len(callback_data) > CALLBACK_DATA:
        raise ValueError(f"callback data has {len(callback_data)} characters, the limit is 512")
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_address(recipient),
        **_content(message),
    }
    if callback_data:
        body["biz_opaque_callback_data"] = callback_data
    return body


def _address(recipient: Recipient) -> dict[str, str]:
    """Name the recipient; without the plus sign Meta would prepend the shop's own country code."""
    if recipient.wa_id:
        return {"to": "+" + recipient.wa_id.lstrip("+")}
    return {"recipient": recipient.user_id}


def _content(message: OutboundMessage) -> dict[str, Any]:
    match message:
        case TextMessage(body):
            return {"type": "text", "text": {"body": body, "preview_url": False}}
        case ButtonsMessage(body, buttons):
            replies = [
                {"type": "reply", "reply": {"id": button.id, "title": button.title}}
                for button in buttons
            ]
            return _interactive("button", body, {"buttons": replies})
        case ListMessage(body, button, sections):
            groups = [_section(section) for section in sections]
            return _interactive("list", body, {"button": button, "sections": groups})
        case LocationRequest(body):
            return _interactive("location_request_message", body, {"name": "send_location"})
        case ContactRequest(body):
            return _interactive("contact_request", body, {"name": "request_contact_info"})
        case TemplateMessage(name, language, parameters):
            template: dict[str, Any] = {"name": name, "language": {"code": language}}
            if parameters:
                values = [{"type": "text", "text": value} for value in parameters]
                template["components"] = [{"type": "body", "parameters": values}]
            return {"type": "template", "template": template}


def _interactive(kind: str, body: str, action: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "interactive",
        "interactive": {"type": kind, "body": {"text": body}, "action": action},
    }


def _section(section: Section) -> dict[str, Any]:
    # Meta refuses empty strings: what is empty is left out.
    rows = [_row(row) for row in section.rows]
    return {"title": section.title, "rows": rows} if section.title.strip() else {"rows": rows}


def _row(row: Row) -> dict[str, str]:
    plain = {"id": row.id, "title": row.title}
    return {**plain, "description": row.description} if row.description.strip() else plain
