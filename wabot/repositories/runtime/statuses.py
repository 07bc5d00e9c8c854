"""What Meta tells of messages: applied to them, counted and charged, all in one statement."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from psycopg.types.json import Jsonb

from wabot.domain.usage import day_of
from wabot.repositories.runtime.sql import TenantStatement
from wabot.services.runtime.turns import StatusChange

RANKS = {"sent": 2, "failed": 3, "delivered": 4, "read": 5, "played": 6}

# Only upwards: a status that comes late never takes back what a later one told. A failure counts
# until a delivery is known (with several devices one may follow it). Locked as it was, a message is
# counted by whoever first learns that Graph took it, and charged when it is first known to have
# arrived and at what price. Statuses under our id that name two messages of Meta's tell that it was
# sent twice.
_APPLY = """
WITH known AS (
    SELECT m.id AS message_id, s.*, m.accepted_at IS NULL AS is_new,
           s.wamid <> m.wamid AND m.error IS DISTINCT FROM 'sent twice' AS is_second,
           m.delivered_at IS NOT NULL AND m.pricing IS NOT NULL AS is_charged
    FROM unnest(
        %(wamids)s::text[], %(ids)s::uuid[], %(statuses)s::text[], %(ranks)s::int[],
        %(times)s::timestamptz[], %(codes)s::int[], %(errors)s::text[], %(pricings)s::jsonb[],
        %(days)s::date[], %(first_days)s::date[], %(sent)s::timestamptz[],
        %(delivered)s::timestamptz[], %(read)s::timestamptz[])
        AS s(wamid, id, status, rank, at, error_code, error, pricing, day, first_day, sent_at,
             delivered_at, read_at)
    JOIN {messages} m ON m.direction = 'out' AND (m.wamid = s.wamid OR m.id = s.id)
    <limit> FOR NO KEY UPDATE OF m
), applied AS (
    UPDATE {messages} m SET
        status = CASE WHEN s.rank > array_position(ARRAY[
            'sending', 'accepted', 'sent', 'failed', 'delivered', 'read', 'played', 'cancelled'
        ], m.status) - 1 THEN s.status ELSE m.status END,
        wamid = coalesce(m.wamid, s.wamid),
        accepted_at = coalesce(m.accepted_at, s.at), sent_at = coalesce(m.sent_at, s.sent_at),
        delivered_at = CASE WHEN s.rank >= 4 THEN coalesce(m.delivered_at, s.delivered_at, s.at)
                       ELSE m.delivered_at END,
        read_at = coalesce(m.read_at, s.read_at),
        error_code = coalesce(s.error_code, m.error_code),
        error = CASE WHEN <second>.is_second THEN 'sent twice' ELSE coalesce(s.error, m.error) END,
        pricing = coalesce(m.pricing, s.pricing),
        next_attempt_at = NULL
    FROM <known>
    WHERE m.id = s.message_id
    RETURNING m.id, m.status, m.error_code, m.order_id, m.pricing, m.recipient, s.is_new,
              <second>.is_second, s.first_day, s.day,
              NOT s.is_charged AND m.delivered_at IS NOT NULL AND m.pricing IS NOT NULL AS is_due
), counted AS (
    INSERT INTO {usage} AS u (day, messages)
    SELECT first_day, <count> FROM applied WHERE is_new <by_day>
    ON CONFLICT (day) DO UPDATE SET messages = u.messages + excluded.messages
), charged AS (
    INSERT INTO {charges} AS c (day, recipients, category, kind, slot, messages)
    SELECT day, coalesce(nullif(left(recipient->>'wa_id', 4), ''),
                         left(recipient->>'user_id', 2), ''),
           coalesce(pricing->>'category', ''), coalesce(pricing->>'kind', ''),
           pg_backend_pid() % 8, <count>
    FROM applied WHERE is_due <by_charge>
    ON CONFLICT (day, recipients, category, kind, slot)
    DO UPDATE SET messages = c.messages + excluded.messages
)
SELECT id, status, error_code, order_id, is_second FROM applied
"""


def _apply(**parts: str) -> TenantStatement:
    text = _APPLY
    for name, part in parts.items():
        text = text.replace(f"<{name}>", part)
    return TenantStatement(text)


# Of one message, as most webhooks are: PostgreSQL plans it in two thirds of the time.
_ONE = _apply(limit="LIMIT 1", known="known s", second="s", count="1", by_day="", by_charge="")
_MANY = _apply(
    limit="",
    known="known s JOIN (SELECT message_id, bool_or(is_second) AS is_second FROM known GROUP BY 1)"
    " d USING (message_id)",
    second="d",
    count="count(*)",
    by_day="GROUP BY 1 ORDER BY 1",
    by_charge="GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
)


def applying(
    statuses: Sequence[StatusChange], time_zone: str
) -> tuple[TenantStatement, dict[str, Any]]:
    """Return what moves messages up to these statuses, of those that have a rank, with its values.

    Its rows are message ids, statuses, errors, orders, and whether a second send is told of.
    """
    by_message = groupby(sorted(statuses, key=_wamid), _wamid)
    told = [list(each) for _, each in by_message]
    highest = [max(each, key=_rank) for each in told]
    values = {
        "wamids": [one.wamid for one in highest],
        "ids": [one.message_id for one in highest],
        "statuses": [one.status for one in highest],
        "ranks": [_rank(one) for one in highest],
        "times": [one.at for one in highest],
        "codes": [one.error_code for one in highest],
        "errors": [one.error or None for one in highest],
        "days": [day_of(one.at, time_zone) for one in highest],
        "first_days": [day_of(min(one.at for one in each), time_zone) for each in told],
        "sent": [_first(each, "sent") for each in told],
        "delivered": [_first(each, "delivered") for each in told],
        "read": [_first(each, "read") for each in told],
        "pricings": [_pricing(each) for each in told],
    }
    return (_ONE if len(told) == 1 else _MANY), values


def _wamid(change: StatusChange) -> str:
    return change.wamid


def _rank(change: StatusChange) -> int:
    return RANKS[change.status]


def _first(changes: Sequence[StatusChange], status: str) -> datetime | None:
    return min((one.at for one in changes if one.status == status), default=None)


def _pricing(changes: Sequence[StatusChange]) -> Jsonb | None:
    return next((Jsonb(one.pricing) for one in changes if one.pricing), None)
