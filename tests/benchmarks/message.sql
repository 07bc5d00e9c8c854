-- The statements of one message, as a yardstick that does not move: what any server must do that
-- stores a webhook, leases the conversation, plays a turn in the shop's tables, marks the answer and
-- closes. {schema}, {role}, {client}, {number} and {customers} are filled in by throughput.py.
\set c random(0, {customers} - 1)
\set m random(1, 9000000000000000)

BEGIN;
INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload, occurred_at)
VALUES ('{number}', cast(:m as text), 'message', '{client}', '521551' || lpad(cast(:c as text), 7, '0'),
        '{payload}', now());
INSERT INTO wabot.conversations AS v (client_id, contact, due_at, owner, lease_until)
VALUES ('{client}', '521551' || lpad(cast(:c as text), 7, '0'), now(), 'pgbench', now() + interval '10 s')
ON CONFLICT (client_id, contact) DO UPDATE
SET due_at = least(v.due_at, excluded.due_at), owner = excluded.owner, lease_until = excluded.lease_until;
COMMIT;

BEGIN;
SELECT set_config('role', '{role}', true), set_config('statement_timeout', '10s', true);
SELECT id AS customer, name, phone_number FROM {schema}.customers
WHERE wa_id = '521551' || lpad(cast(:c as text), 7, '0') FOR UPDATE \gset
SELECT state FROM {schema}.customer_sessions WHERE customer_id = cast(:customer as uuid);
SELECT id, address FROM {schema}.customer_addresses WHERE customer_id = cast(:customer as uuid);
SELECT id, order_code, status, total, created_at FROM {schema}.orders
WHERE customer_id = cast(:customer as uuid) ORDER BY created_at DESC LIMIT 5;
SELECT event_key FROM {schema}.messages WHERE direction = 'in' AND event_key = cast(:m as text);
SELECT id, body FROM {schema}.messages
WHERE contact = '521551' || lpad(cast(:c as text), 7, '0') AND status = 'sending' ORDER BY position;
SELECT version FROM {schema}.shop_state;
INSERT INTO {schema}.messages (customer_id, contact, direction, wamid, event_key, kind, body, status, occurred_at)
VALUES (cast(:customer as uuid), '521551' || lpad(cast(:c as text), 7, '0'), 'in', 'in.' || cast(:m as text),
        cast(:m as text), 'text', '{payload}', 'received', now());
UPDATE {schema}.customers SET last_message_at = now() WHERE id = cast(:customer as uuid);
UPDATE {schema}.customer_sessions SET state = '{payload}', updated_at = now()
WHERE customer_id = cast(:customer as uuid);
INSERT INTO {schema}.messages (customer_id, contact, direction, event_key, recipient, kind, body, status, occurred_at)
VALUES (cast(:customer as uuid), '521551' || lpad(cast(:c as text), 7, '0'), 'out', cast(:m as text),
        '{{}}', 'interactive', '{payload}', 'sending', now()) RETURNING id AS message \gset
COMMIT;

BEGIN;
SELECT set_config('role', '{role}', true), set_config('synchronous_commit', 'off', true);
UPDATE {schema}.messages SET status = 'accepted', wamid = 'out.' || cast(:m as text), accepted_at = now()
WHERE id = cast(:message as uuid);
COMMIT;

BEGIN;
SELECT set_config('synchronous_commit', 'off', true);
UPDATE wabot.inbox SET state = 'done', done_at = now()
WHERE phone_number_id = '{number}' AND dedup_key = cast(:m as text);
UPDATE wabot.conversations SET due_at = NULL, owner = NULL, lease_until = NULL
WHERE client_id = '{client}' AND contact = '521551' || lpad(cast(:c as text), 7, '0');
COMMIT;
