"""From a fragment of a webhook to an item."""

from collections.abc import Callable, Mapping
from typing import Any

from wabot.domain.inbound.fields import (
    identifier,
    mapping,
    moment,
    phone,
    sequence,
    text,
    user_id,
    whole,
)
from wabot.domain.inbound.happenings import read_happening
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
from wabot.domain.inbound.source import Source

_CHANGES_OF_IDENTITY = {
    "user_changed_number",
    "user_changed_user_id",
    "customer_changed_number",
}


def read_item(source: Source) -> Item:
    """Read a fragment; whatever is in it, an item comes out."""
    reader = _READERS.get(source.reader)
    if reader is None:
        return _malformed(source, source.topic or f"unknown kind {source.reader[:64]!r}")
    if not isinstance(source.raw, dict):
        return _malformed(source, f"{source.reader} is no object")
    return reader(source, source.raw)


def item_from_json(stored: object) -> Item:
    """Rebuild an item from what its `to_json` gave."""
    return read_item(Source.from_json(stored))


def _malformed(source: Source, reason: str) -> Malformed:
    return Malformed(source, source.received_at, reason)


def _message(source: Source, raw: Mapping[str, Any]) -> Item:
    card = source.contact
    wamid = identifier(raw.get("id"))
    wa_id = phone(raw.get("from")) or phone(card.get("wa_id"))
    known_as = user_id(raw.get("from_user_id")) or user_id(card.get("user_id"))
    known_as = known_as or user_id(raw.get("from"))
    at = moment(raw.get("timestamp"), source.received_at)
    kind = text(raw.get("type"))[:64] or "unknown"
    if not source.phone_number_id:
        return _malformed(source, "a message without phone_number_id")
    if not wamid:
        return _malformed(source, "a message without id")
    if kind == "system":
        return _system(source, raw, wa_id, known_as)
    if identifier(raw.get("group_id")):
        # The shop's number sits in a group: nobody there is ordering from a bot.
        return AccountNotice(source, at, "group_message", kind)
    if not wa_id and not known_as:
        return _malformed(source, "a message without a sender")
    context, profile = mapping(raw.get("context")), mapping(card.get("profile"))
    return InboundMessage(
        source,
        at,
        wamid=wamid,
        kind=kind,
        happening=read_happening(raw),
        wa_id=wa_id,
        user_id=known_as,
        profile_name=text(profile.get("name")).strip(),
        username=text(profile.get("username")).strip(),
        context_id=identifier(context.get("id")),
        forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        target_id=_target(raw, kind),
    )


def _target(raw: Mapping[str, Any], kind: str) -> str:
    about = mapping(raw.get(kind))
    key = {"edit": "original_message_id", "revoke": "original_message_id", "reaction": "message_id"}
    return identifier(about.get(key[kind])) if kind in key else ""


def _system(source: Source, raw: Mapping[str, Any], wa_id: str, known_as: str) -> Item:
    system = mapping(raw.get("system"))
    at = moment(raw.get("timestamp"), source.received_at)
    kind = text(system.get("type"))
    now_wa_id = phone(system.get("wa_id")) or phone(system.get("new_wa_id"))
    now_user_id = user_id(system.get("user_id"))
    known = (wa_id or known_as) and (now_wa_id or now_user_id)
    if kind not in _CHANGES_OF_IDENTITY or not known:
        return AccountNotice(source, at, "system", kind[:64])
    return IdentityChange(
        source, at, wa_id, known_as, now_wa_id, now_user_id, identifier(raw.get("id"))
    )


def _user_id_update(source: Source, raw: Mapping[str, Any]) -> Item:
    change = mapping(raw.get("user_id"))
    previous, current = user_id(change.get("previous")), user_id(change.get("current"))
    wa_id = phone(raw.get("wa_id"))
    if not current or not (previous or wa_id):
        return _malformed(source, "a user_id_update without the ids")
    at = moment(raw.get("timestamp"), source.received_at)
    return IdentityChange(source, at, wa_id, previous, wa_id, current)


def _echo(source: Source, raw: Mapping[str, Any]) -> Item:
    wamid = identifier(raw.get("id"))
    wa_id = phone(raw.get("to"))
    known_as = user_id(raw.get("to_user_id")) or user_id(raw.get("to"))
    if not wamid or not source.phone_number_id:
        return _malformed(source, "an echo without id or phone_number_id")
    if not wa_id and not known_as:
        return _malformed(source, "an echo without a recipient")
    at = moment(raw.get("timestamp"), source.received_at)
    kind = text(raw.get("type"))[:64] or "unknown"
    written = text(mapping(raw.get("text")).get("body"))
    return Echo(source, at, wamid, kind, wa_id, known_as, written)


def _status(source: Source, raw: Mapping[str, Any]) -> Item:
    wamid, status = identifier(raw.get("id")), identifier(raw.get("status"))
    if not wamid or not status:
        return _malformed(source, "a status without id or status")
    if not source.phone_number_id:
        return _malformed(source, "a status without phone_number_id")
    in_group = raw.get("recipient_type") == "group"
    recipient = raw.get("recipient_participant_id" if in_group else "recipient_id")
    return StatusUpdate(
        source,
        moment(raw.get("timestamp"), source.received_at),
        wamid=wamid,
        status=status,
        wa_id=phone(recipient) or phone(source.contact.get("wa_id")),
        user_id=user_id(raw.get("recipient_user_id"))
        or user_id(recipient)
        or user_id(source.contact.get("user_id")),
        callback_data=text(raw.get("biz_opaque_callback_data"))[:512],
        errors=tuple(_errors(raw)),
        pricing=_pricing(mapping(raw.get("pricing"))),
    )


def _errors(raw: Mapping[str, Any]) -> list[StatusError]:
    errors = [mapping(error) for error in sequence(raw.get("errors"))]
    return [
        StatusError(
            _code(error.get("code")),
            text(error.get("title")) or text(error.get("message")),
            text(mapping(error.get("error_data")).get("details")) or text(error.get("error_data")),
        )
        for error in errors
        if error
    ]


def _code(value: object) -> int:
    found = whole(value) or 0
    return found if 0 <= found < 2**31 else 0


def _pricing(raw: Mapping[str, Any]) -> Pricing | None:
    if not raw:
        return None
    billable = raw.get("billable")
    return Pricing(
        text(raw.get("category"))[:64],
        text(raw.get("type"))[:64],
        text(raw.get("pricing_model"))[:64],
        billable if isinstance(billable, bool) else None,
    )


def _notice(source: Source, raw: Mapping[str, Any]) -> Item:
    at = moment(source.entry_time, source.received_at)
    return AccountNotice(source, at, source.topic, text(raw.get("event"))[:64])


_READERS: Mapping[str, Callable[[Source, Mapping[str, Any]], Item]] = {
    "message": _message,
    "status": _status,
    "echo": _echo,
    "user_id_update": _user_id_update,
    "notice": _notice,
}
