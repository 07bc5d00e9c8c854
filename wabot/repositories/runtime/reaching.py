"""Whom a shop can reach, and what became of what it wrote."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from wabot.domain.message import OutboundMessage
from wabot.domain.message_codec import encode_message
from wabot.domain.purpose import Purpose
from wabot.domain.settings import shop_settings
from wabot.repositories.runtime.loading import read_outgoing
from wabot.repositories.runtime.scripts import TenantTransaction
from wabot.repositories.runtime.sql import TenantStatement
from wabot.repositories.runtime.turn_statements import OUTGOING
from wabot.services.runtime.reach import templates_of
from wabot.services.runtime.repeating import repetition_of
from wabot.services.runtime.turns import Outgoing, Outlook, Told

_LAST_MESSAGE_AT = """
SELECT max(last_message_at) FROM {customers}
WHERE last_message_to = %(number)s
  AND (wa_id = ANY(%(names)s::text[]) OR user_id = ANY(%(names)s::text[]))
"""
LAST_MESSAGE_AT = TenantStatement(_LAST_MESSAGE_AT)
OUTLOOK = TenantStatement(f"""
SELECT ({_LAST_MESSAGE_AT}), (SELECT coalesce(jsonb_object_agg(key, value), '{{}}'::jsonb)
                              FROM {{settings}} WHERE key = ANY(%(keys)s::text[]))
""")
REWRITE = TenantStatement("""
UPDATE {messages} SET kind = %(kind)s, body = %(body)s WHERE id = %(id)s
""")
UNREPEATED = TenantStatement(f"""
SELECT {OUTGOING} FROM {{messages}} m
WHERE id = ANY(%(ids)s::uuid[]) AND status = 'failed' AND kind <> 'template'
  AND NOT EXISTS (
    SELECT 1 FROM unnest(%(ids)s::uuid[], %(repetitions)s::uuid[]) AS p(id, repetition)
    JOIN {{messages}} r ON r.id = p.repetition WHERE p.id = m.id
  )
ORDER BY position
""")
REPEAT = TenantStatement("""
INSERT INTO {messages} (id, customer_id, contact, direction, event_key, audience, essential,
                        recipient, kind, body, status, claimed_by, claim_until, occurred_at,
                        purpose, parameters, order_id, meaning)
SELECT %(id)s, customer_id, %(contact)s, 'out', event_key, audience, essential, recipient,
       %(kind)s, %(body)s, 'sending', %(owner)s, now() + %(claim)s::interval, occurred_at,
       purpose, parameters, order_id, meaning
FROM {messages} WHERE id = %(repeats)s
ON CONFLICT DO NOTHING
""")
# Only the last message of a kind to somebody counts: an earlier one may have gone again.
RECKON_ORDERS = TenantStatement("""
UPDATE {orders} o SET delivery_problem = coalesce((
    SELECT string_agg(left(concat_ws(' ', last.audience || ':', last.error_code, last.error), 300),
                      '; ' ORDER BY last.audience)
    FROM (SELECT DISTINCT ON (m.audience, m.purpose) m.audience, m.status, m.error_code, m.error
          FROM {messages} m WHERE m.order_id = o.id
          ORDER BY m.audience, m.purpose, m.position DESC) last
    WHERE last.status = 'failed'), '')
WHERE o.id IN (SELECT m.order_id FROM {messages} m WHERE m.id = ANY(%(ids)s::uuid[]))
""")
TOLD = TenantStatement(f"""
SELECT {OUTGOING}, status = 'failed', error_code, coalesce(error, ''), EXISTS (
    SELECT 1 FROM unnest(%(ids)s::uuid[], %(repetitions)s::uuid[]) AS p(id, repetition)
    JOIN {{messages}} r ON r.id = p.repetition WHERE p.id = m.id)
FROM {{messages}} m WHERE id = ANY(%(ids)s::uuid[]) ORDER BY position
""")


async def read_outlook(
    transaction: TenantTransaction, names: Sequence[str], number: str
) -> Outlook:
    """Read when somebody last wrote to the number, and the shop's templates."""
    keys = [purpose.setting for purpose in Purpose]
    values = {"names": list(names), "number": number, "keys": keys}
    (((last_message_at, settings),),) = await transaction.ask((OUTLOOK, values))
    return Outlook(last_message_at, templates_of(shop_settings(settings)))


def rewrite(transaction: TenantTransaction, message_id: UUID, message: OutboundMessage) -> None:
    """Give a message another form."""
    transaction.later(REWRITE, {"id": message_id, **_form(message)})


async def read_unrepeated(
    transaction: TenantTransaction, message_ids: Sequence[UUID]
) -> list[Outgoing]:
    """Read those that failed, are no templates and were not repeated."""
    (rows,) = await transaction.ask((UNREPEATED, _with_repetitions(message_ids)))
    return [read_outgoing(row) for row in rows]


def repeat(
    transaction: TenantTransaction,
    message_id: UUID,
    row: Outgoing,
    *,
    contact: str,
    owner: str,
    claim: timedelta,
) -> None:
    """Write a message again in another form."""
    values = {"id": row.id, "repeats": message_id, "contact": contact, **_form(row.message)}
    transaction.later(REPEAT, {**values, "owner": owner, "claim": claim})


async def reckon(transaction: TenantTransaction, message_ids: Sequence[UUID]) -> list[Told]:
    """Bring orders up to date with these messages; return what became of them."""
    transaction.later(RECKON_ORDERS, {"ids": list(message_ids)})
    (rows,) = await transaction.ask((TOLD, _with_repetitions(message_ids)))
    return [
        Told(
            read_outgoing(row), failed=row[-4], error_code=row[-3], error=row[-2], repeated=row[-1]
        )
        for row in rows
    ]


def _form(message: OutboundMessage) -> dict[str, Any]:
    body = encode_message(message)
    return {"kind": body["type"], "body": Jsonb(body)}


def _with_repetitions(message_ids: Sequence[UUID]) -> dict[str, Any]:
    return {"ids": list(message_ids), "repetitions": [repetition_of(one) for one in message_ids]}
