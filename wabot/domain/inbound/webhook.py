"""From a webhook's body to a flat list of items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from wabot.domain.inbound.fields import (
    identifier,
    mapping,
    phone,
    sequence,
    storable,
    text,
    user_id,
    whole,
)
from wabot.domain.inbound.items import AccountNotice, Item, Malformed, StatusUpdate
from wabot.domain.inbound.readers import read_item
from wabot.domain.inbound.source import Source

_ARRAYS = {
    "messages": (("messages", "message"), ("statuses", "status")),
    "smb_message_echoes": (("message_echoes", "echo"),),
    "message_echoes": (("message_echoes", "echo"),),
    "user_id_update": (("user_id_update", "user_id_update"),),
}


def parse_webhook(body: object, received_at: datetime) -> list[Item]:
    """Return every item of all entries and changes, messages before statuses before the rest.

    Total: what cannot be read is a Malformed among the others. `received_at` stands in for a time
    that Meta left out.
    """
    blank = Source("malformed", received_at, None)
    return sorted(map(read_item, _sources(blank, storable(body))), key=_rank)


def _rank(item: Item) -> int:
    if isinstance(item, StatusUpdate):
        return 1
    return 2 if isinstance(item, AccountNotice | Malformed) else 0


def _sources(blank: Source, body: object) -> Iterator[Source]:
    envelope = mapping(body)
    if envelope.get("object") != "whatsapp_business_account":
        yield replace(blank, raw=body, topic="not a webhook of a WhatsApp account")
    elif not isinstance(envelope.get("entry"), list):
        yield replace(blank, raw=body, topic="entry is no array")
    else:
        for entry in envelope["entry"]:
            yield from _of_entry(blank, entry)


def _of_entry(blank: Source, entry: object) -> Iterator[Source]:
    known = mapping(entry)
    seconds = whole(known.get("time")) or 0
    blank = replace(
        blank,
        waba_id=identifier(known.get("id")),
        entry_time=seconds if 0 < seconds < 2**40 else 0,
    )
    if not isinstance(known.get("changes"), list):
        yield replace(blank, raw=entry, topic="an entry without changes")
        return
    for change in known["changes"]:
        yield from _of_change(blank, change)


def _of_change(blank: Source, change: object) -> Iterator[Source]:
    field = text(mapping(change).get("field"))[:64]
    value = mapping(mapping(change).get("value"))
    if not field or not value:
        yield replace(blank, raw=change, topic="a change without field or value")
        return
    number_id = identifier(mapping(value.get("metadata")).get("phone_number_id"))
    blank = replace(blank, phone_number_id=number_id)
    found = False
    for key, reader in _ARRAYS.get(field, ()):
        for source in _of_array(blank, value, key, reader):
            found = True
            yield source
    if not found:
        yield replace(blank, reader="notice", topic=field, raw=value)
    elif sequence(value.get("errors")):
        yield replace(blank, reader="notice", topic=field, raw={"errors": value["errors"]})


def _of_array(blank: Source, value: Mapping[str, Any], key: str, reader: str) -> Iterator[Source]:
    fragments = value.get(key)
    if fragments is not None and not isinstance(fragments, list):
        yield replace(blank, raw=fragments, topic=f"{key} is no array")
        return
    cards = [mapping(card) for card in sequence(value.get("contacts"))]
    for fragment in sequence(fragments):
        card = _card(cards, mapping(fragment))
        yield replace(blank, reader=reader, raw=fragment, contact=card)


def _card(cards: Sequence[Mapping[str, Any]], fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the sender's (or recipient's) card: the one with their id, or the only one there."""
    wa_id = phone(fragment.get("from")) or phone(fragment.get("recipient_id"))
    known_as = user_id(fragment.get("from_user_id")) or user_id(fragment.get("recipient_user_id"))
    for card in cards:
        if known_as and user_id(card.get("user_id")) == known_as:
            return card
        if wa_id and phone(card.get("wa_id")) == wa_id:
            return card
    if len(cards) == 1 and not _contradicts(cards[0], wa_id, known_as):
        return cards[0]
    return {}


def _contradicts(card: Mapping[str, Any], wa_id: str, known_as: str) -> bool:
    card_wa_id, card_user_id = phone(card.get("wa_id")), user_id(card.get("user_id"))
    return bool(
        (wa_id and card_wa_id and wa_id != card_wa_id)
        or (known_as and card_user_id and known_as != card_user_id)
    )
