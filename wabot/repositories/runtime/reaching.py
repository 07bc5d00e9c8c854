"""Whom a shop can reach, and what became of what it wrote."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from wabot.domain import window
from wabot.domain.message import OutboundMessage
from wabot.domain.message_codec import encode_message
from wabot.domain.purpose import Purpose
from wabot.domain.settings import shop_settings
from wabot.domain.usage import Month
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
# A repetition that is on its way, or arrived, has told it.
TELL = TenantStatement(f"""
WITH told AS (
    UPDATE {{messages}} m SET status = 'cancelled', error = %(told_in)s
    WHERE direction = 'out' AND status = 'failed' AND audience = ANY(%(audiences)s::text[])
      AND purpose IN ('order_notice', 'handoff_notice', 'quota_notice')
      AND occurred_at >= %(since)s
      AND (purpose <> 'quota_notice'
           OR (occurred_at AT TIME ZONE %(time_zone)s)::date >= %(first)s::date)
      AND NOT EXISTS (
        SELECT 1 FROM {{messages}} r
        WHERE r.direction = 'out' AND r.event_key = m.event_key AND r.audience = m.audience
          AND r.purpose = m.purpose AND r.position > m.position AND r.status <> 'failed')
      AND NOT EXISTS (
        SELECT 1 FROM {{orders}} o JOIN {{order_status}} st ON st.code = o.status
        WHERE o.id = m.order_id AND st.is_final)
      AND NOT (purpose = 'handoff_notice' AND EXISTS (
        SELECT 1 FROM {{pauses}} p WHERE p.customer_id = m.customer_id AND p.reason = 'person'))
    RETURNING {OUTGOING}, coalesce(meaning, ''), position
)
SELECT * FROM told ORDER BY position
""")
UNTELL = TenantStatement(f"""
UPDATE {{messages}} SET status = 'failed', error = %(closed)s
WHERE direction = 'out' AND status = 'cancelled' AND error = %(told_in)s RETURNING {OUTGOING}
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


async def tell(
    transaction: TenantTransaction,
    audiences: Sequence[str],
    *,
    told_in: UUID,
    since: datetime,
    month: Month,
    time_zone: str,
) -> list[Outgoing]:
    """Take notices that reached nobody as told in another message; return them."""
    values = {
        "audiences": list(audiences),
        "told_in": _told_in(told_in),
        "since": since,
        "first": month.first,
        "time_zone": time_zone,
    }
    (rows,) = await transaction.ask((TELL, values))
    told = [replace(read_outgoing(row), meaning=row[-2]) for row in rows]
    if told:
        transaction.later(RECKON_ORDERS, {"ids": [row.id for row in told]})
    return told


async def untell(transaction: TenantTransaction, told_in: UUID) -> list[Outgoing]:
    """Let what was to be told in that message wait again; return it."""
    values = {"told_in": _told_in(told_in), "closed": window.CLOSED}
    (rows,) = await transaction.ask((UNTELL, values))
    waiting = [read_outgoing(row) for row in rows]
    if waiting:
        transaction.later(RECKON_ORDERS, {"ids": [row.id for row in waiting]})
    return waiting


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


def _told_in(message_id: UUID) -> str:
    return f"told in {message_id}"


def _form(message: OutboundMessage) -> dict[str, Any]:
    body = encode_message(message)
    return {"kind": body["type"], "body": Jsonb(body)}


def _with_repetitions(message_ids: Sequence[UUID]) -> dict[str, Any]:
    return {"ids": list(message_ids), "repetitions": [repetition_of(one) for one in message_ids]}
