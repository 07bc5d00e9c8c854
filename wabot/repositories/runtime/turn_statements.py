"""Statements of a turn over one tenant's tables."""

from wabot.repositories.runtime.sql import TenantStatement

LOCK_CUSTOMER = TenantStatement("""
SELECT id, coalesce(wa_id, ''), coalesce(user_id, ''), name, phone_number, last_message_at,
       last_message_to
FROM {customers}
WHERE wa_id = %(wa_id)s OR user_id = %(user_id)s
ORDER BY wa_id = %(wa_id)s DESC NULLS LAST, created_at FOR UPDATE
""")

LOAD_SESSION = TenantStatement("""
SELECT state FROM {customer_sessions} WHERE customer_id = %(customer)s
""")

LOAD_PAUSE = TenantStatement("SELECT until, reason FROM {pauses} WHERE customer_id = %(customer)s")

LOAD_ADDRESSES = TenantStatement("""
SELECT id, address, is_primary, latitude, longitude FROM {customer_addresses}
WHERE customer_id = %(customer)s ORDER BY is_primary DESC, created_at DESC
""")

# The open orders and the last five.
LOAD_ORDERS = TenantStatement("""
SELECT o.id, o.order_code, o.status, st.label, o.total, o.created_at, NOT st.is_final,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(
        i.product_id, i.name, i.quantity, i.step::text, i.unit, i.unit_price::text,
        i.total::text, i.note) ORDER BY i.id), '[]') FROM {order_items} i WHERE i.order_id = o.id),
    (SELECT coalesce(jsonb_agg(jsonb_build_array(
        h.status, hs.label, h.created_at) ORDER BY h.id), '[]')
     FROM {order_history} h JOIN {order_status} hs ON hs.code = h.status WHERE h.order_id = o.id)
FROM {orders} o JOIN {order_status} st ON st.code = o.status
WHERE o.customer_id = %(customer)s
ORDER BY o.created_at DESC, o.number DESC LIMIT 5
""")

LOAD_HANDLED = TenantStatement("""
SELECT event_key FROM {messages} WHERE direction = 'in' AND event_key = ANY(%(keys)s::text[])
""")

# Read by `read_outgoing`.
OUTGOING = """id, audience, recipient, body, event_key, occurred_at, attempts, resends,
       now() - claim_until, next_attempt_at - now(), essential, purpose, parameters, order_id"""

LOAD_UNSETTLED = TenantStatement(f"""
SELECT {OUTGOING}
FROM {{messages}} WHERE contact = %(contact)s AND status = 'sending' ORDER BY position
""")

LOAD_OWED = TenantStatement("""
SELECT event_key, effects FROM {pending_effects} WHERE contact = %(contact)s
""")

LOAD_STANDING = TenantStatement("""
SELECT version, (SELECT coalesce(sum(messages), 0)::int FROM {usage}
                 WHERE day BETWEEN %(first)s AND %(last)s)
FROM {shop_state}
""")

NOTE_WARNING = TenantStatement("""
INSERT INTO {usage_warnings} AS w (month, level, of_limit)
SELECT %(month)s::date, level, %(limit)s FROM unnest(%(levels)s::smallint[]) level
ON CONFLICT (month, level) DO UPDATE SET of_limit = excluded.of_limit, created_at = now()
WHERE w.of_limit < excluded.of_limit
RETURNING level
""")

INSERT_CUSTOMER = TenantStatement("""
INSERT INTO {customers} (wa_id, user_id, name, phone_number, first_contact_at)
VALUES (nullif(%(wa_id)s, ''), nullif(%(user_id)s, ''), %(name)s, %(phone)s, %(at)s)
ON CONFLICT DO NOTHING
""")

# Two rows turn out to be one person: the older keeps the history and takes over the user id.
RELEASE_USER_ID = TenantStatement("""
UPDATE {customers} SET user_id = NULL, wa_id = coalesce(wa_id, 'merged:' || id)
WHERE id = ANY(%(ids)s::uuid[]) AND user_id = %(user_id)s
""")

MOVE_ORDERS = TenantStatement("""
UPDATE {orders} SET customer_id = %(id)s WHERE customer_id = ANY(%(ids)s::uuid[])
""")

MOVE_ADDRESSES = TenantStatement("""
UPDATE {customer_addresses} SET customer_id = %(id)s, is_primary = false
WHERE customer_id = ANY(%(ids)s::uuid[])
""")

KNOW_CUSTOMER = TenantStatement("""
UPDATE {customers} SET
    wa_id = coalesce(wa_id, nullif(%(wa_id)s, '')),
    user_id = coalesce(nullif(%(user_id)s, ''), user_id),
    phone_number = CASE WHEN phone_number = '' THEN %(phone)s ELSE phone_number END,
    name = CASE WHEN name = '' THEN %(name)s ELSE name END
WHERE id = %(id)s
""")

# From a new number nobody has written yet.
CHANGE_IDENTITY = TenantStatement("""
UPDATE {customers} c SET
    wa_id = coalesce(nullif(%(new_wa_id)s, ''), wa_id),
    user_id = coalesce(nullif(%(new_user_id)s, ''), user_id),
    last_message_to = CASE WHEN %(new_wa_id)s IN ('', c.wa_id) THEN last_message_to ELSE '' END,
    phone_number = CASE WHEN %(new_wa_id)s = '' THEN phone_number ELSE '+' || %(new_wa_id)s END
WHERE (c.wa_id = nullif(%(wa_id)s, '') OR c.user_id = nullif(%(user_id)s, ''))
  AND NOT EXISTS (
    SELECT 1 FROM {customers} other WHERE other.id <> c.id
    AND (other.wa_id = nullif(%(new_wa_id)s, '') OR other.user_id = nullif(%(new_user_id)s, ''))
  )
""")

LOCK_PRODUCTS = TenantStatement("""
SELECT id, stock, is_active FROM {products}
WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE
""")

TAKE_STOCK = TenantStatement("""
UPDATE {products} p SET stock = p.stock - w.steps
FROM unnest(%(ids)s::uuid[], %(steps)s::int[]) w(id, steps) WHERE p.id = w.id
""")

INSERT_ORDER = TenantStatement("""
INSERT INTO {orders} (customer_id, address_id, delivery, delivery_address, total, status, source,
                      created_at)
VALUES (%(customer)s, coalesce(%(address)s::uuid, (
            SELECT id FROM {customer_addresses}
            WHERE customer_id = %(customer)s AND address = %(text)s ORDER BY created_at LIMIT 1)),
        %(delivery)s, %(text)s, %(total)s, %(status)s, %(source)s, %(at)s)
RETURNING id, order_code, (SELECT label FROM {order_status} WHERE code = %(status)s)
""")

INSERT_ITEMS = TenantStatement("""
INSERT INTO {order_items} (order_id, product_id, name, quantity, step, unit, unit_price, total,
                           note)
SELECT %(order)s, * FROM unnest(
    %(products)s::uuid[], %(names)s::text[], %(quantities)s::int[], %(steps)s::numeric[],
    %(units)s::text[], %(prices)s::numeric[], %(totals)s::numeric[], %(notes)s::text[])
""")

INSERT_HISTORY = TenantStatement("""
INSERT INTO {order_history} (order_id, status, changed_by, created_at)
VALUES (%(order)s, %(status)s, %(by)s, %(at)s)
""")

INSERT_ATTACHMENTS = TenantStatement("""
INSERT INTO {order_attachments} (order_id, media_id, kind, caption)
SELECT %(order)s, * FROM unnest(%(media)s::text[], %(kinds)s::text[], %(captions)s::text[])
""")

RAISE_VERSION = TenantStatement("UPDATE {shop_state} SET version = version + 1")

# One row each: nearly every turn writes one in and one out, and arrays to unnest take the server
# three times as long to make sense of.
INSERT_INBOUND = TenantStatement("""
INSERT INTO {messages} (customer_id, contact, direction, wamid, event_key, kind, body, status,
                        occurred_at, request_id, received_at, meaning, step_before, step_after)
VALUES (%(customer)s, %(contact)s, 'in', %(wamid)s, %(key)s, %(kind)s, %(body)s, 'received',
        %(at)s, %(request)s, %(received)s, %(meaning)s, %(before)s, %(after)s)
ON CONFLICT DO NOTHING
""")

INSERT_OUTGOING = TenantStatement("""
INSERT INTO {messages} (id, customer_id, contact, direction, event_key, audience, essential,
                        recipient, kind, body, status, claimed_by, claim_until, occurred_at,
                        purpose, parameters, order_id, meaning)
VALUES (%(id)s, %(customer)s, %(contact)s, 'out', %(key)s, %(audience)s, %(essential)s,
        %(recipient)s, %(kind)s, %(body)s, 'sending', %(owner)s, now() + %(claim)s::interval,
        %(at)s, %(purpose)s, %(parameters)s, %(order)s, %(meaning)s)
""")

SAVE_SESSION = TenantStatement("""
INSERT INTO {customer_sessions} AS s (customer_id, last_step, state, expires_at)
VALUES (%(customer)s, %(last_step)s, %(state)s, %(expires_at)s)
ON CONFLICT (customer_id) DO UPDATE SET
    last_step = excluded.last_step, state = excluded.state, expires_at = excluded.expires_at,
    is_active = true, updated_at = now()
""")

TOUCH_CUSTOMER = TenantStatement("""
UPDATE {customers} SET
    last_message_to = CASE WHEN last_message_at > %(at)s THEN last_message_to ELSE %(number)s END,
    last_message_at = greatest(last_message_at, %(at)s)
WHERE id = %(customer)s
""")

SAVE_PAUSE = TenantStatement("""
INSERT INTO {pauses} AS p (customer_id, until, reason)
VALUES (%(customer)s, %(until)s, %(reason)s)
ON CONFLICT (customer_id) DO UPDATE SET until = excluded.until, reason = excluded.reason
""")

# What Graph refused and now waits to be tried again was certainly not sent.
CANCEL_WAITING = TenantStatement("""
UPDATE {messages} SET status = 'cancelled', error = 'a person took over'
WHERE contact = %(contact)s AND audience = 'customer' AND status = 'sending' AND NOT essential
  AND next_attempt_at IS NOT NULL
""")

END_PAUSE = TenantStatement("DELETE FROM {pauses} WHERE customer_id = %(customer)s")

DEMOTE_ADDRESSES = TenantStatement("""
UPDATE {customer_addresses} SET is_primary = false
WHERE customer_id = %(customer)s AND is_primary
""")

INSERT_ADDRESS = TenantStatement("""
INSERT INTO {customer_addresses} (id, customer_id, address, latitude, longitude, is_primary)
VALUES (%(id)s, %(customer)s, %(text)s, %(latitude)s, %(longitude)s, true)
""")

SAVE_PHONE = TenantStatement("""
UPDATE {customers} SET phone_number = %(phone)s WHERE id = %(customer)s
""")

COUNT_UNKNOWN = TenantStatement("""
INSERT INTO {unknown_words} AS u (words) SELECT DISTINCT unnest(%(words)s::text[])
ON CONFLICT (words) DO UPDATE SET times = u.times + 1, last_at = now()
""")

SAVE_OWED = TenantStatement("""
INSERT INTO {pending_effects} (event_key, contact, effects)
SELECT key, %(contact)s, effects FROM unnest(%(keys)s::text[], %(effects)s::jsonb[])
    AS e(key, effects)
ON CONFLICT (event_key) DO NOTHING
""")

DROP_OWED = TenantStatement("""
DELETE FROM {pending_effects} WHERE event_key = ANY(%(keys)s::text[])
""")

IS_WRITTEN = TenantStatement("SELECT EXISTS (SELECT 1 FROM {messages} WHERE id = %(id)s)")

IS_OWN_MESSAGE = TenantStatement("""
SELECT EXISTS (SELECT 1 FROM {messages} WHERE wamid = %(wamid)s AND direction = 'out')
""")

# From here on its outcome is unknown until it is marked. What an answer in the making would say, a
# person who took over since says; what tells of something done is told all the same.
CLAIM_AGAIN = TenantStatement("""
UPDATE {messages} m SET
    status = CASE WHEN k.taken_over THEN 'cancelled' ELSE m.status END,
    error = CASE WHEN k.taken_over THEN 'a person took over' ELSE m.error END,
    claim_until = now() + %(claim)s::interval, next_attempt_at = NULL,
    resends = m.resends + (%(resent)s AND NOT k.taken_over)::int
FROM (
    SELECT o.id, o.audience = 'customer' AND NOT o.essential AND EXISTS (
        SELECT 1 FROM {pauses} p
        WHERE p.customer_id = o.customer_id AND p.until > %(at)s AND p.created_at > o.created_at
    ) AS taken_over
    FROM {messages} o WHERE o.id = %(id)s
) k
WHERE m.id = k.id AND m.status = 'sending'
RETURNING m.status
""")

# A message is counted by whoever first learns that Graph took it: that a status told before
# is of no further consequence.
MARK_ACCEPTED = TenantStatement("""
WITH accepted AS (
    UPDATE {messages} m SET
        status = CASE WHEN m.status = 'sending' THEN 'accepted' ELSE m.status END,
        wamid = coalesce(m.wamid, k.wamid), accepted_at = %(at)s, next_attempt_at = NULL
    FROM unnest(%(ids)s::uuid[], %(wamids)s::text[]) AS k(id, wamid)
    WHERE m.id = k.id AND m.accepted_at IS NULL
    RETURNING 1
)
INSERT INTO {usage} AS u (day, messages) SELECT %(day)s::date, count(*) FROM accepted
HAVING count(*) > 0
ON CONFLICT (day) DO UPDATE SET messages = u.messages + excluded.messages
RETURNING u.messages + (SELECT coalesce(sum(o.messages), 0)::int FROM {usage} o
                        WHERE o.day BETWEEN %(first)s AND %(last)s AND o.day <> u.day)
""")

MARK_UNSENT = TenantStatement("""
UPDATE {messages} m SET
    status = CASE WHEN m.status <> 'sending' THEN m.status WHEN k.cancelled THEN 'cancelled'
             WHEN k.failed THEN 'failed' ELSE 'sending' END,
    next_attempt_at = now() + k.retry_in,
    claim_until = now(),
    attempts = m.attempts + k.refused::int,
    error_code = coalesce(k.code, m.error_code), error = coalesce(nullif(k.error, ''), m.error),
    recipient = coalesce(k.recipient, m.recipient)
FROM unnest(%(ids)s::uuid[], %(failed)s::bool[], %(cancelled)s::bool[],
            %(retry_in)s::interval[], %(refused)s::bool[], %(codes)s::int[], %(errors)s::text[],
            %(recipients)s::jsonb[])
    AS k(id, failed, cancelled, retry_in, refused, code, error, recipient)
WHERE m.id = k.id
""")
