"""What a turn writes to a tenant's tables."""

from typing import Any

from psycopg.types.json import Jsonb

from wabot.domain.message_codec import encode_message
from wabot.repositories.runtime import turn_statements as statements
from wabot.repositories.runtime.loading import Run
from wabot.services.runtime.turns import Outgoing, TurnWrites


async def write_turn(run: Run, writes: TurnWrites) -> None:
    """Send every statement of the turn; the transaction's end waits for them."""
    customer = {"customer": writes.customer_id}
    if writes.inbound:
        await run(statements.INSERT_INBOUND, _inbound(writes))
    if writes.heard is not None:
        heard = {"at": writes.heard.at, "number": writes.heard.number}
        await run(statements.TOUCH_CUSTOMER, {**customer, **heard})
    for address in writes.addresses:
        await run(statements.DEMOTE_ADDRESSES, customer)
        await run(
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
        await run(statements.SAVE_PHONE, {**customer, "phone": writes.phone_number})
    if writes.session is not None:
        await run(
            statements.SAVE_SESSION,
            {
                **customer,
                "last_step": writes.session.last_step,
                "state": Jsonb(writes.session.state),
                "expires_at": writes.session.expires_at,
            },
        )
    await _write_pause(run, writes)
    if writes.outgoing:
        await run(statements.INSERT_OUTGOING, _outgoing(writes, writes.outgoing))
    if writes.unknown_words:
        await run(statements.COUNT_UNKNOWN, {"words": list(writes.unknown_words)})
    if writes.owed:
        await run(
            statements.SAVE_OWED,
            {
                "contact": writes.contact,
                "keys": list(writes.owed),
                "effects": [Jsonb(effects) for effects in writes.owed.values()],
            },
        )
    if writes.applied:
        await run(statements.DROP_OWED, {"keys": list(writes.applied)})


async def _write_pause(run: Run, writes: TurnWrites) -> None:
    if writes.pause is None:
        return
    customer = {"customer": writes.customer_id}
    if writes.pause.pause is None:
        await run(statements.END_PAUSE, customer)
        return
    await run(statements.CANCEL_WAITING, {"contact": writes.contact})
    await run(
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
    }
