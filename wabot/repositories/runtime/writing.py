"""What a turn writes to a tenant's tables."""

from typing import Any

from psycopg.types.json import Jsonb

from wabot.domain.message_codec import encode_message
from wabot.repositories.runtime import turn_statements as statements
from wabot.repositories.runtime.scripts import TenantTransaction
from wabot.services.runtime.turns import Outgoing, TurnWrites


def write_turn(transaction: TenantTransaction, writes: TurnWrites) -> None:
    """Add every statement of the turn to the message that commits it."""
    run = transaction.later
    customer = {"customer": writes.customer_id}
    if writes.inbound:
        run(statements.INSERT_INBOUND, _inbound(writes))
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
    if writes.outgoing:
        run(statements.INSERT_OUTGOING, _outgoing(writes, writes.outgoing))
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


def _inbound(writes: TurnWrites) -> dict[str, Any]:
    return {
        "customer": writes.customer_id,
        "contact": writes.contact,
        "wamids": [message.wamid for message in writes.inbound],
        "keys": [message.key for message in writes.inbound],
        "kinds": [message.kind for message in writes.inbound],
        "bodies": [Jsonb(message.body) for message in writes.inbound],
        "times": [message.occurred_at for message in writes.inbound],
        "requests": [message.request_id for message in writes.inbound],
        "received": [message.received_at for message in writes.inbound],
        "meanings": [message.meaning for message in writes.inbound],
        "before": [message.step_before for message in writes.inbound],
        "after": [message.step_after for message in writes.inbound],
    }


def _outgoing(writes: TurnWrites, rows: tuple[Outgoing, ...]) -> dict[str, Any]:
    bodies = [encode_message(row.message) for row in rows]
    return {
        "customer": writes.customer_id,
        "contact": writes.contact,
        "owner": writes.claimed_by,
        "claim": writes.claim,
        "ids": [row.id for row in rows],
        "keys": [row.event_key for row in rows],
        "audiences": [row.audience for row in rows],
        "essentials": [row.essential for row in rows],
        "recipients": [
            Jsonb({"wa_id": row.recipient.wa_id, "user_id": row.recipient.user_id}) for row in rows
        ],
        "kinds": [body["type"] for body in bodies],
        "purposes": [row.purpose.value for row in rows],
        "parameters": [Jsonb(list(row.parameters)) for row in rows],
        "orders": [row.order_id for row in rows],
        "bodies": [Jsonb(body) for body in bodies],
        "times": [row.occurred_at for row in rows],
        "meanings": [row.meaning for row in rows],
    }
