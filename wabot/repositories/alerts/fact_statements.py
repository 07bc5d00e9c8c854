"""The statements behind the facts."""

from wabot.repositories.runtime.alarm import COUNTED, GOES_ON

REGISTER = """
INSERT INTO wabot.alert_rounds (name, due_at)
SELECT name, now() FROM unnest(%(names)s::text[]) n(name)
ON CONFLICT DO NOTHING
"""

# Whoever moves the time has the round. One that dies in the middle leaves it to the next.
CLAIM_DUE = """
UPDATE wabot.alert_rounds r SET due_at = now() + n.every
FROM unnest(%(names)s::text[], %(every)s::interval[]) n(name, every)
WHERE r.name = n.name AND r.due_at <= now()
RETURNING r.name, r.memory
"""

REMEMBER = "UPDATE wabot.alert_rounds SET memory = %(memory)s WHERE name = %(name)s"

RECONCILE = f"""
WITH found AS (
    SELECT * FROM unnest(%(keys)s::text[], %(clients)s::uuid[], %(messages)s::text[],
                         %(severities)s::text[]) f(key, client_id, message, severity)
), over AS (
    UPDATE wabot.alerts a SET resolved_at = now()
    WHERE a.rule = %(rule)s AND a.resolved_at IS NULL AND starts_with(a.key, %(scope)s)
      AND a.key <> ALL(%(spared)s::text[])
      AND NOT EXISTS (SELECT 1 FROM found f WHERE f.key = a.key)
)
INSERT INTO wabot.alerts AS a (key, rule, client_id, severity, message)
SELECT key, %(rule)s, client_id, severity, message FROM found
ON CONFLICT (key) DO UPDATE SET
    occurrences = CASE WHEN a.resolved_at IS NULL THEN a.occurrences ELSE 1 END, {GOES_ON}
"""

STANDING = "SELECT key FROM wabot.alerts WHERE rule = %(rule)s AND resolved_at IS NULL"

SETTLE = """
UPDATE wabot.alerts a SET resolved_at = now()
FROM unnest(%(rules)s::text[], %(after)s::interval[]) r(rule, after)
WHERE a.rule = r.rule AND a.resolved_at IS NULL AND a.last_at < now() - r.after
"""

PURGE = (
    "DELETE FROM wabot.traffic WHERE at < now() - interval '25 hours'",
    "DELETE FROM wabot.busy_hours WHERE hour < now() - interval '35 days'",
    "DELETE FROM wabot.processes WHERE seen_at < now() - interval '1 day'",
    "DELETE FROM wabot.alerts WHERE resolved_at < now() - interval '90 days'",
    "DELETE FROM wabot.alert_silences WHERE until < now() - interval '90 days'",
    "DELETE FROM wabot.alert_rounds WHERE due_at < now() - interval '7 days'",
)

_COUNTED = """
unnest(%(slugs)s::text[], %(received)s::int[], %(accepted)s::int[], %(failed)s::int[],
       %(undelivered)s::int[], %(orders)s::int[])
    AS n(slug, received, accepted, failed, undelivered, orders)
JOIN wabot.clients c USING (slug)
"""

NOTE_TRAFFIC = f"""
INSERT INTO wabot.traffic AS t (client_id, at, received, accepted, failed, undelivered, orders)
SELECT c.id, date_bin('10 minutes', now(), 'epoch'), n.received, n.accepted, n.failed,
       n.undelivered, n.orders
FROM {_COUNTED} ORDER BY 1
ON CONFLICT (client_id, at) DO UPDATE SET
    received = t.received + excluded.received, accepted = t.accepted + excluded.accepted,
    failed = t.failed + excluded.failed, undelivered = t.undelivered + excluded.undelivered,
    orders = t.orders + excluded.orders
"""

NOTE_HOURS = f"""
INSERT INTO wabot.busy_hours AS b (client_id, hour, received)
SELECT c.id, date_trunc('hour', now()), n.received FROM {_COUNTED} WHERE n.received > 0 ORDER BY 1
ON CONFLICT (client_id, hour) DO UPDATE SET received = b.received + excluded.received
"""

TRAFFIC = """
SELECT c.id, c.slug, sum(t.accepted)::int, sum(t.failed)::int, sum(t.undelivered)::int
FROM wabot.traffic t JOIN wabot.clients c ON c.id = t.client_id
WHERE t.at > now() - %(window)s::interval
GROUP BY c.id HAVING sum(t.failed) > 0 OR sum(t.undelivered) > 0
"""

UNPAID = """
SELECT c.id, c.slug, p.reason FROM wabot.sending_pauses p
JOIN wabot.clients c ON c.id = p.client_id WHERE p.code = ANY(%(codes)s::int[])
"""

TOKENS = """
SELECT id, slug, token_expires_at FROM wabot.clients
WHERE status = 'active' AND token_expires_at < now() + %(within)s::interval
"""

# A moment old: a client that was just made or changed is about to adopt its own.
UNROUTED = """
SELECT i.phone_number_id, i.app_id, count(*)::int, c.id, coalesce(c.slug, ''),
       coalesce(c.app_id, '')
FROM wabot.inbox i LEFT JOIN wabot.clients c USING (phone_number_id)
WHERE i.state = 'unrouted' AND i.received_at < now() - interval '30 seconds'
  AND (c.id IS NULL OR NOT (c.app_id = '' OR i.app_id IN ('', c.app_id)))
GROUP BY i.phone_number_id, i.app_id, c.id ORDER BY 1, 2
"""

# A moment old: an event with a smaller id may be stored a little later.
ACCOUNT_NEWS = """
SELECT id, payload->>'topic', payload->'raw', phone_number_id,
       coalesce(payload->>'waba_id', '')
FROM wabot.inbox
WHERE kind = 'account' AND id > %(after)s AND received_at < now() - interval '10 seconds'
ORDER BY id LIMIT 500
"""

# An account's only shop is named.
WORD_RAISES = f"""
INSERT INTO wabot.alerts AS a (key, rule, client_id, severity, message)
SELECT %(key)s, %(rule)s, CASE WHEN count(*) = 1 THEN (array_agg(c.id))[1] END, %(severity)s,
       %(message)s || CASE WHEN count(*) > 0
                      THEN ' Shops: ' || string_agg(c.slug, ', ' ORDER BY c.slug) || '.'
                      ELSE '' END
FROM (SELECT id, slug FROM wabot.clients
      WHERE waba_id = %(account)s AND waba_id <> '' ORDER BY slug LIMIT 10) c
ON CONFLICT (key) DO UPDATE SET {COUNTED}
"""

# The same hours of the weeks before by the shop's own clock. What was not busy an hour ago in any
# of them is not looked at.
QUIET_SHOPS = """
WITH hours AS (
    SELECT date_trunc('hour', now()) - n * interval '1 hour' AS hour, n
    FROM generate_series(1, %(hours)s::int) n
), last_week AS (
    SELECT DISTINCT b.client_id FROM wabot.busy_hours b
    WHERE b.hour BETWEEN date_trunc('hour', now()) - interval '7 days 2 hours'
                     AND date_trunc('hour', now()) - interval '7 days'
       OR b.hour BETWEEN date_trunc('hour', now()) - interval '14 days 2 hours'
                     AND date_trunc('hour', now()) - interval '14 days'
), quiet AS (
    SELECT c.id, c.slug, c.time_zone FROM last_week l
    JOIN wabot.clients c ON c.id = l.client_id AND c.status = 'active'
    WHERE NOT EXISTS (SELECT 1 FROM wabot.busy_hours b WHERE b.client_id = c.id
                      AND b.hour >= date_trunc('hour', now()) - interval '1 hour')
)
SELECT q.id, q.slug, h.hour, coalesce(own.received, 0), habit.before
FROM quiet q CROSS JOIN hours h
LEFT JOIN wabot.busy_hours own ON own.client_id = q.id AND own.hour = h.hour
CROSS JOIN LATERAL (
    SELECT array_agg(coalesce(b.received, 0) ORDER BY w) AS before
    FROM generate_series(1, 4) w
    LEFT JOIN wabot.busy_hours b ON b.client_id = q.id
     AND b.hour = (((h.hour AT TIME ZONE q.time_zone) - w * interval '7 days')
                   AT TIME ZONE q.time_zone)
) habit
ORDER BY q.slug, h.n
"""

# Neither their hour of the day nor another quiet hour ends a silence: somebody's message does.
STILL_SILENT = """
SELECT a.key FROM wabot.alerts a LEFT JOIN wabot.clients c ON c.id = a.client_id
WHERE a.rule = ANY(%(rules)s::text[]) AND a.resolved_at IS NULL
  AND (a.client_id IS NULL OR c.status = 'active')
  AND NOT EXISTS (SELECT 1 FROM wabot.busy_hours b
                  WHERE b.hour >= date_trunc('hour', a.first_at)
                    AND (a.client_id IS NULL OR b.client_id = a.client_id))
"""

RECEIVED_BY_ALL = """
SELECT coalesce(sum(received), 0)::int FROM wabot.busy_hours
WHERE hour >= date_trunc('hour', now()) - interval '1 hour'
"""

SHOPS_WITH_ORDERS = """
SELECT DISTINCT t.client_id FROM wabot.traffic t
JOIN wabot.clients c ON c.id = t.client_id AND c.status = 'active'
WHERE t.at > now() - interval '1 day' AND t.orders > 0
"""

CONNECTIONS = """
SELECT (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::int
"""

DATABASE_SIZE = "SELECT pg_database_size(current_database())"

BACKUPS = """
SELECT c.id, c.slug, coalesce(b.at, c.created_at), b.at IS NOT NULL
FROM wabot.clients c LEFT JOIN wabot.backups b ON b.client_id = c.id
WHERE c.status = 'active' AND coalesce(b.at, c.created_at) < now() - %(older)s::interval
"""

BEAT = """
INSERT INTO wabot.processes (owner, host) VALUES (%(owner)s, %(host)s)
ON CONFLICT (owner) DO UPDATE SET seen_at = now(), ended_at = NULL
"""

GOODBYE = "UPDATE wabot.processes SET ended_at = now(), seen_at = now() WHERE owner = %(owner)s"

HOSTS = """
SELECT host,
       count(*) FILTER (WHERE ended_at IS NULL AND seen_at > now() - interval '1 minute')::int,
       count(*) FILTER (WHERE ended_at IS NULL AND seen_at <= now() - interval '1 minute'
                        AND seen_at > now() - interval '15 minutes')::int,
       max(seen_at),
       (array_agg(ended_at IS NOT NULL ORDER BY seen_at DESC))[1]
FROM wabot.processes WHERE seen_at > now() - interval '1 day' GROUP BY host
"""
