"""What a turn writes to a tenant's tables."""

from typing import Any

from psycopg.types.json import Jsonb

from wabot.domain.message_codec import encode_message
from wabot.repositories.runtime import turn_statements as statements
from wabot.repositories.runtime.scripts import TenantTransaction
from wabot.services.runtime.turns import Inbound, Outgoing, TurnWrites


def write_turn(transaction: TenantTransaction, writes: TurnWrites) -> None:
    """Add every statement of the turn to the message that commits it."""
    run = transaction.later
    customer = {"customer": writes.customer_id}
    for note in writes.inbound:
        run(statements.INSERT_INBOUND, _inbound(writes, note))
    if writes.heard is not None:
        heard = {"at": writes.heard.at, "number": writes.heard.number}
        run(statements.TOUCH_CUSTOMER, {**customer, **heard})
    for address in writes.addresses:
        run(statements.DEMOTE_ADDRESSES, customer)
        run(
            statements.INSERT_ADDRESS,
            {
                **customer,
                "id": address.id,
                "text": address.text,
                "latitude": address.latitude,
                "longitude": address.longitude,
            },
        )
    if writes.phone_number:
        run(statements.SAVE_PHONE, {**customer, "phone": writes.phone_number})
    if writes.session is not None:
        run(
            statements.SAVE_SESSION,
            {
                **customer,
                "last_step": writes.session.last_step,
                "state": Jsonb(writes.session.state),
                "expires_at": writes.session.expires_at,
            },
        )
    _write_pause(transaction, writes)
    for row in writes.outgoing:
        run(statements.INSERT_OUTGOING, _outgoing(writes, row))
    if writes.unknown_words:
        run(statements.COUNT_UNKNOWN, {"words": list(writes.unknown_words)})
    if writes.owed:
        run(
            statements.SAVE_OWED,
            {
                "contact": writes.contact,
                "keys": list(writes.owed),
                "effects": [Jsonb(effects) for effects in writes.owed.values()],
            },
        )
    if writes.applied:
        run(statements.DROP_OWED, {"keys": list(writes.applied)})


def _write_pause(transaction: TenantTransaction, writes: TurnWrites) -> None:
    if writes.pause is None:
        return
    run = transaction.later
    customer = {"customer": writes.customer_id}
    if writes.pause.pause is None:
        run(statements.END_PAUSE, customer)
        return
    run(statements.CANCEL_WAITING, {"contact": writes.contact})
    run(
        statements.SAVE_PAUSE,
        {**customer, "until": writes.pause.pause.until, "reason": writes.pause.pause.reason},
    )


def _inbound(writes: TurnWrites, note: Inbound) -> dict[str, Any]:
    return {
        "customer": writes.customer_id,
        "contact": writes.contact,
        "wamid": note.wamid or None,
        "key": note.key,
        "kind": note.kind,
        "body": Jsonb(note.body),
        "at": note.occurred_at,
        "request": note.request_id or None,
        "received": note.received_at,
        "meaning": note.meaning,
        "before": note.step_before,
        "after": note.step_after,
    }


def _outgoing(writes: TurnWrites, row: Outgoing) -> dict[str, Any]:
    body = encode_message(row.message)
    return {
        "customer": writes.customer_id,
        "contact": writes.contact,
        "owner": writes.claimed_by,
        "claim": writes.claim,
        "id": row.id,
        "key": row.event_key,
        "audience": row.audience,
        "essential": row.essential,
        "recipient": Jsonb({"wa_id": row.recipient.wa_id, "user_id": row.recipient.user_id}),
        "kind": body["type"],
        "purpose": row.purpose.value,
        "parameters": Jsonb(list(row.parameters)),
        "order": row.order_id,
        "body": Jsonb(body),
        "at": row.occurred_at,
        "meaning": row.meaning or None,
    }
