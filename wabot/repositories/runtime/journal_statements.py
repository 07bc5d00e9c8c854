"""Statements of the journal over the central tables.

A client that is not served (being made, moved, suspended by hand or by a date that came) is
parked: its events are kept and nothing of it falls due. Taking events looks at the status itself,
so once a change of status is committed only the leases that were held before can still be at work.
"""

from wabot.repositories.runtime.serving import IS_SERVED
from wabot.repositories.runtime.sql import Statement

# Statuses only tell about messages: they never end a quiet wait and are due at once.
#
# Where nothing else waited in a conversation the stored events are all there is to take: they are
# given with the lease. Something waited when an event says so, or the conversation was due before
# (an event of another process that this statement cannot see yet): such a one keeps a time before
# this moment.
ACCEPT = Statement(
    f"""
WITH incoming AS (
    SELECT * FROM unnest(
        %(numbers)s::text[], %(keys)s::text[], %(kinds)s::text[], %(clients)s::uuid[],
        %(contacts)s::text[], %(payloads)s::jsonb[], %(requests)s::text[],
        %(apps)s::text[], %(occurred)s::timestamptz[], %(quiets)s::bool[]
    ) WITH ORDINALITY
      AS i(number, key, kind, client_id, contact, payload, request_id, app_id, occurred_at,
           quiet, place)
), stored AS (
    INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,
                             request_id, app_id, occurred_at, due_at, quiet, state, done_at)
    SELECT number, key, kind, client_id, contact, payload, request_id, app_id, occurred_at,
           CASE WHEN quiet THEN now() + %(quiet)s::interval ELSE now() END, quiet,
           CASE WHEN kind = 'account' THEN 'done' WHEN client_id IS NULL THEN 'unrouted'
                ELSE 'waiting' END,
           CASE WHEN kind = 'account' THEN now() END
    FROM incoming ORDER BY place
    ON CONFLICT (phone_number_id, dedup_key) DO NOTHING
    RETURNING id, dedup_key, phone_number_id, kind, client_id, contact, due_at, quiet, state
), heard AS (
    INSERT INTO wabot.numbers AS n (phone_number_id, last_status_at)
    SELECT DISTINCT phone_number_id, now() FROM stored
    WHERE kind = 'status' AND client_id IS NOT NULL ORDER BY 1
    ON CONFLICT (phone_number_id) DO UPDATE SET last_status_at = excluded.last_status_at
    WHERE n.last_status_at < now() - interval '10 seconds'
), due AS (
    SELECT client_id, contact,
           CASE WHEN coalesce((SELECT {IS_SERVED} FROM wabot.clients cl
                WHERE cl.id = stored.client_id), true)
                THEN min(due_at) END AS due_at,
           bool_or(quiet) OR EXISTS (
               SELECT 1 FROM wabot.inbox i WHERE i.state = 'waiting'
               AND i.client_id = stored.client_id AND i.contact = stored.contact) AS more
    FROM stored WHERE state = 'waiting' GROUP BY 1, 2 ORDER BY 1, 2
), woken AS (
    INSERT INTO wabot.conversations AS c (client_id, contact, due_at, owner, lease_until)
    SELECT client_id, contact, due_at,
           CASE WHEN due_at <= now() THEN %(owner)s::text END,
           CASE WHEN due_at <= now() THEN now() + %(lease)s::interval END
    FROM due
    ON CONFLICT (client_id, contact) DO UPDATE SET
        due_at = least(c.due_at, excluded.due_at
                       - CASE WHEN c.due_at IS NULL THEN interval '0'
                         ELSE interval '1 microsecond' END),
        owner = CASE WHEN excluded.owner IS NOT NULL
                     AND (c.lease_until IS NULL OR c.lease_until < now())
                THEN excluded.owner ELSE c.owner END,
        lease_until = CASE WHEN excluded.owner IS NOT NULL
                           AND (c.lease_until IS NULL OR c.lease_until < now())
                      THEN excluded.lease_until ELSE c.lease_until END
    RETURNING c.client_id, c.contact, c.due_at = now() AS alone,
              c.owner = %(owner)s::text AND c.lease_until = now() + %(lease)s::interval AS leased
), given AS (
    SELECT client_id, contact, array_agg(s.id) AS ids, array_agg(s.dedup_key) AS keys
    FROM woken w JOIN due d USING (client_id, contact) JOIN stored s USING (client_id, contact)
    WHERE w.leased AND w.alone AND NOT d.more GROUP BY 1, 2
)
SELECT (SELECT count(*) FROM stored), w.client_id, w.contact, coalesce(w.leased, false),
       g.ids, g.keys, now()
FROM (SELECT 1) one LEFT JOIN woken w ON true LEFT JOIN given g USING (client_id, contact)
""",
    "wabot_accept",
)

# Of several processes that learn of a new client each adopts what the others left.
ADOPT = """
WITH homeless AS (
    SELECT i.id, c.id AS client_id FROM wabot.inbox i
    JOIN wabot.clients c ON c.phone_number_id = i.phone_number_id
    WHERE i.state = 'unrouted' AND (c.app_id = '' OR i.app_id IN ('', c.app_id))
    FOR UPDATE OF i SKIP LOCKED
), adopted AS (
    UPDATE wabot.inbox i SET client_id = h.client_id, state = 'waiting', due_at = now()
    FROM homeless h WHERE i.id = h.id
    RETURNING i.client_id, i.contact
), due AS (
    INSERT INTO wabot.conversations AS c (client_id, contact, due_at)
    SELECT DISTINCT client_id, contact, now() FROM adopted ORDER BY 1, 2
    ON CONFLICT (client_id, contact) DO UPDATE SET due_at = least(c.due_at, excluded.due_at)
)
SELECT count(*) FROM adopted
"""

# What came while its client was parked, once the client is active again.
WAKE_PARKED = f"""
WITH parked AS (
    SELECT c.client_id, c.contact FROM wabot.conversations c
    WHERE c.due_at IS NULL AND (c.lease_until IS NULL OR c.lease_until < now())
      AND (c.client_id, c.contact) IN (
          SELECT i.client_id, i.contact FROM wabot.inbox i
          JOIN wabot.clients cl ON cl.id = i.client_id AND {IS_SERVED}
          WHERE i.state = 'waiting'
      )
    ORDER BY 1, 2 FOR UPDATE SKIP LOCKED
), woken AS (
    UPDATE wabot.conversations c SET due_at = now()
    FROM parked p WHERE c.client_id = p.client_id AND c.contact = p.contact
    RETURNING 1
)
SELECT count(*) FROM woken
"""

CLAIM_DUE = """
UPDATE wabot.conversations c
SET owner = %(owner)s, lease_until = now() + %(lease)s::interval
FROM (
    SELECT client_id, contact FROM wabot.conversations
    WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) due
WHERE c.client_id = due.client_id AND c.contact = due.contact
RETURNING c.client_id, c.contact
"""

# Asked every second by every process: one look, and a plan that is kept.
AGENDA = Statement(
    f"""
SELECT (SELECT greatest(min(greatest(due_at, lease_until)) - now(), interval '0')
        FROM wabot.conversations WHERE due_at IS NOT NULL HAVING count(*) > 0),
       EXISTS (SELECT 1 FROM wabot.timers t
               WHERE due_at <= %(now)s AND NOT EXISTS (
                   SELECT 1 FROM wabot.clients cl WHERE cl.id = t.client_id AND NOT {IS_SERVED})),
       EXISTS (SELECT 1 FROM wabot.sending_pauses),
       coalesce((SELECT version FROM wabot.registry), 0)
""",
    "wabot_agenda",
)

# A row without an event still tells that the lease is ours.
TAKE = Statement(
    f"""
WITH lease AS (
    SELECT coalesce((SELECT {IS_SERVED} FROM wabot.clients cl
                WHERE cl.id = %(client)s), true) AS open
    FROM wabot.conversations
    WHERE client_id = %(client)s AND contact = %(contact)s
      AND owner = %(owner)s AND lease_until > now()
), waiting AS (
    SELECT id, kind, quiet, due_at, received_at FROM wabot.inbox, lease
    WHERE lease.open AND state = 'waiting' AND client_id = %(client)s AND contact = %(contact)s
), calm AS (
    SELECT coalesce(bool_or(NOT quiet AND kind = 'message'), false)
           OR coalesce(max(due_at) FILTER (WHERE quiet) <= now(), true)
           OR min(received_at) FILTER (WHERE quiet) + %(quiet_limit)s::interval <= now() AS over
    FROM waiting
), taken AS (
    UPDATE wabot.inbox i SET attempts = i.attempts + 1, quiet = false
    FROM waiting w, calm
    WHERE i.id = w.id AND (NOT w.quiet OR calm.over)
    RETURNING i.id, i.phone_number_id, i.dedup_key, i.kind, i.payload, i.occurred_at,
              i.attempts, i.request_id, coalesce(i.last_error, '') AS last_error, i.received_at
)
SELECT t.id, t.phone_number_id, t.dedup_key, t.kind, t.payload, t.occurred_at, t.attempts,
       t.request_id, t.last_error, t.received_at
FROM lease LEFT JOIN taken t ON true
""",
    "wabot_take",
)

# Not waited for on the disk. And rows are found by their keys: statistics of tables that fill and
# empty all day have the planner read them whole.
UNHURRIED = Statement(
    "SELECT set_config('synchronous_commit', 'off', true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true),"
    " set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true)"
)

LOCK_CONVERSATIONS = Statement(
    """
SELECT 1 FROM wabot.conversations c
JOIN unnest(%(clients)s::uuid[], %(contacts)s::text[]) k(client_id, contact)
  USING (client_id, contact)
ORDER BY client_id, contact FOR UPDATE OF c
""",
    "wabot_lock_conversations",
)

SETTLE = Statement(
    """
UPDATE wabot.inbox SET state = 'done', done_at = now()
WHERE id = ANY(%(done)s::bigint[]) AND state = 'waiting'
""",
    "wabot_settle",
)

SET_ASIDE = Statement("""
UPDATE wabot.inbox i SET state = 'failed', done_at = now(), last_error = s.reason,
    attempts = greatest(i.attempts - 1, 0)
FROM unnest(%(failed)s::bigint[], %(reasons)s::text[]) AS s(id, reason)
WHERE i.id = s.id AND i.state = 'waiting'
""")

KEEP = Statement(
    """
UPDATE wabot.inbox i
SET due_at = now() + CASE WHEN k.growing
        THEN least(greatest(k.delay, now() - i.received_at), interval '1 minute')
        ELSE k.delay END,
    last_error = nullif(k.error, ''), attempts = k.attempts
FROM unnest(%(ids)s::bigint[], %(delays)s::interval[], %(attempts)s::int[], %(errors)s::text[],
            %(growing)s::bool[])
     AS k(id, delay, attempts, error, growing)
WHERE i.id = k.id AND i.state = 'waiting'
""",
    "wabot_keep",
)

CHANGE_TIMERS = Statement(
    """
WITH wanted AS (
    SELECT * FROM unnest(%(clients)s::uuid[], %(contacts)s::text[], %(kinds)s::text[],
                         %(set_by)s::text[], %(due)s::timestamptz[])
        WITH ORDINALITY AS t(client_id, contact, kind, set_by, due_at, place)
), last AS (
    SELECT DISTINCT ON (client_id, contact, kind) * FROM wanted
    ORDER BY client_id, contact, kind, place DESC
), cancelled AS (
    DELETE FROM wabot.timers t USING last l
    WHERE l.due_at IS NULL AND (t.client_id, t.contact, t.kind) = (l.client_id, l.contact, l.kind)
)
INSERT INTO wabot.timers AS t (client_id, contact, kind, due_at, set_by)
SELECT client_id, contact, kind, due_at, set_by FROM last WHERE due_at IS NOT NULL
ON CONFLICT (client_id, contact, kind) DO UPDATE
SET due_at = excluded.due_at, set_by = excluded.set_by
""",
    "wabot_change_timers",
)

# What is due now keeps its lease: the caller goes on with it.
RELEASE = Statement(
    f"""
WITH ours AS MATERIALIZED (
    SELECT k.client_id, k.contact,
           CASE WHEN coalesce((SELECT {IS_SERVED} FROM wabot.clients cl
                WHERE cl.id = k.client_id), true) THEN (
        SELECT least(
            min(i.due_at) FILTER (WHERE NOT i.quiet),
            least(max(i.due_at) FILTER (WHERE i.quiet),
                  min(i.received_at) FILTER (WHERE i.quiet) + %(quiet_limit)s::interval)
        ) FROM wabot.inbox i
        WHERE i.state = 'waiting' AND i.client_id = k.client_id AND i.contact = k.contact
    ) END AS due_at
    FROM unnest(%(clients)s::uuid[], %(contacts)s::text[]) k(client_id, contact)
)
UPDATE wabot.conversations c
SET due_at = o.due_at,
    owner = CASE WHEN o.due_at <= now() THEN c.owner END,
    lease_until = CASE WHEN o.due_at <= now() THEN now() + %(lease)s::interval END
FROM ours o
WHERE c.client_id = o.client_id AND c.contact = o.contact AND c.owner = %(owner)s
RETURNING c.client_id, c.contact, c.owner IS NOT NULL
""",
    "wabot_release",
)

RENEW = """
WITH held AS (
    SELECT c.client_id, c.contact FROM wabot.conversations c
    JOIN unnest(%(clients)s::uuid[], %(contacts)s::text[]) k(client_id, contact)
      USING (client_id, contact)
    WHERE c.owner = %(owner)s ORDER BY 1, 2 FOR UPDATE OF c
)
UPDATE wabot.conversations c SET lease_until = now() + %(lease)s::interval
FROM held h WHERE c.client_id = h.client_id AND c.contact = h.contact
RETURNING c.client_id, c.contact
"""

RELEASE_ALL = """
WITH held AS (
    SELECT client_id, contact FROM wabot.conversations WHERE owner = %(owner)s
    ORDER BY 1, 2 FOR UPDATE
)
UPDATE wabot.conversations c SET owner = NULL, lease_until = NULL
FROM held h WHERE c.client_id = h.client_id AND c.contact = h.contact
"""

# It goes on with the request of the event that set it, as long as the inbox knows that.
FIRE_TIMERS = f"""
WITH fired AS (
    DELETE FROM wabot.timers t USING (
        SELECT client_id, contact, kind FROM wabot.timers t
        WHERE due_at <= %(now)s AND NOT EXISTS (
            SELECT 1 FROM wabot.clients cl WHERE cl.id = t.client_id AND NOT {IS_SERVED})
        ORDER BY due_at LIMIT 500 FOR UPDATE OF t SKIP LOCKED
    ) due
    WHERE (t.client_id, t.contact, t.kind) = (due.client_id, due.contact, due.kind)
    RETURNING t.client_id, t.contact, t.kind, t.due_at, t.set_by
), stored AS (
    INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,
                             occurred_at, request_id)
    SELECT cl.phone_number_id,
           concat_ws(':', 'timer', f.kind, f.contact, f.set_by, extract(epoch FROM f.due_at)),
           'timer', f.client_id, f.contact, jsonb_build_object('timer', f.kind), f.due_at,
           coalesce(i.request_id, replace(gen_random_uuid()::text, '-', ''))
    FROM fired f JOIN wabot.clients cl ON cl.id = f.client_id
    LEFT JOIN wabot.inbox i ON (i.phone_number_id, i.dedup_key) = (cl.phone_number_id, f.set_by)
    ON CONFLICT (phone_number_id, dedup_key) DO NOTHING
    RETURNING client_id, contact
)
INSERT INTO wabot.conversations AS c (client_id, contact, due_at, owner, lease_until)
SELECT DISTINCT client_id, contact, now(), %(owner)s::text, now() + %(lease)s::interval
FROM stored ORDER BY 1, 2
ON CONFLICT (client_id, contact) DO UPDATE SET
    due_at = least(c.due_at, excluded.due_at),
    owner = CASE WHEN c.lease_until IS NULL OR c.lease_until < now()
            THEN excluded.owner ELSE c.owner END,
    lease_until = CASE WHEN c.lease_until IS NULL OR c.lease_until < now()
                  THEN excluded.lease_until ELSE c.lease_until END
RETURNING c.client_id, c.contact,
          c.owner = %(owner)s::text AND c.lease_until = now() + %(lease)s::interval
"""

PURGE = """
DELETE FROM wabot.inbox WHERE id IN (
    SELECT id FROM wabot.inbox WHERE state = 'done' AND done_at < now() - %(kept)s::interval
    ORDER BY done_at LIMIT 5000
)
"""

# A server may learn a moment late that a client was deleted; by then its number is nobody's.
RELEASE_ORPHANS = """
WITH orphans AS (
    UPDATE wabot.inbox i SET state = 'unrouted', client_id = NULL
    WHERE i.state = 'waiting'
      AND NOT EXISTS (SELECT 1 FROM wabot.clients c WHERE c.id = i.client_id)
)
DELETE FROM wabot.conversations v
WHERE NOT EXISTS (SELECT 1 FROM wabot.clients c WHERE c.id = v.client_id)
"""

STATUS_SILENCE = """
SELECT (SELECT now() - last_status_at FROM wabot.numbers WHERE phone_number_id = %(number)s),
       EXISTS (SELECT 1 FROM wabot.inbox
               WHERE phone_number_id = %(number)s AND kind = 'status' AND state = 'waiting'
                 AND payload->'raw'->>'biz_opaque_callback_data' = %(message)s)
"""

# What waits for a client that is not active is no trouble. Of several processes that look at the
# same time one raises the alert.
WATCH = f"""
WITH stuck AS (
    SELECT cl.id, cl.slug, count(*) AS events, min(i.received_at) AS since, min(i.id) AS first
    FROM wabot.inbox i JOIN wabot.clients cl ON cl.id = i.client_id AND {IS_SERVED}
    WHERE i.state = 'waiting' AND i.received_at < now() - %(patience)s::interval
    GROUP BY cl.id
), over AS (
    UPDATE wabot.alerts a SET resolved_at = now()
    WHERE a.rule = 'event_waits' AND a.resolved_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM stuck s WHERE s.id = a.client_id)
)
INSERT INTO wabot.alerts AS a (key, rule, client_id, severity, message)
SELECT 'event_waits:' || id, 'event_waits', id, 'error',
       'Events of ' || slug || ' wait: ' || events || ' since '
       || to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC, the oldest is '
       || first || '. Look at it: wabot inbox show ' || first
FROM stuck
ON CONFLICT (key) DO UPDATE SET
    occurrences = 1, first_at = now(), last_at = now(), resolved_at = NULL,
    message = excluded.message
WHERE a.resolved_at IS NOT NULL
RETURNING a.message
"""

# What every message and every second needs: worth a plan that is kept.
PREPARED = (AGENDA, ACCEPT, TAKE, LOCK_CONVERSATIONS, SETTLE, KEEP, CHANGE_TIMERS, RELEASE)
