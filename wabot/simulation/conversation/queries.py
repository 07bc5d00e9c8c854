"""SQL of the simulation, over the central tables and (by search path) one shop's own."""

STANDING = """
SELECT (SELECT count(*) FROM wabot.inbox WHERE state = 'waiting')
       + (SELECT count(*) FROM wabot.media),
       (SELECT count(*) FROM wabot.timers WHERE due_at <= %(now)s),
       coalesce((SELECT last_error FROM wabot.inbox
                 WHERE id > %(after)s AND last_error IS NOT NULL AND state IN ('failed', 'waiting')
                 ORDER BY id DESC LIMIT 1), '')
"""

LAST_EVENT = "SELECT coalesce(max(id), 0) FROM wabot.inbox"

AUDIENCES = "SELECT id, audience, contact FROM messages WHERE id = ANY(%(ids)s::uuid[])"

PRICES = "SELECT sku, price FROM products WHERE sku = ANY(%(skus)s)"

_CUSTOMER = "(SELECT id FROM customers WHERE %(contact)s IN (wa_id, user_id))"

ORDERS = f"""
SELECT o.order_code, o.status, o.total, o.delivery, o.delivery_address, o.delivery_problem,
       (SELECT coalesce(array_agg(trim_scale(i.quantity * i.step) || ' ' || i.unit || ' '
                                  || i.name ORDER BY i.id), '{{}}')
        FROM order_items i WHERE i.order_id = o.id)
FROM orders o WHERE o.customer_id = {_CUSTOMER} ORDER BY o.number
"""  # noqa: S608 - our own text

# The owner and the adviser wrote to the shop's number: notices reach them for a day.
STAFF_WROTE = """
INSERT INTO customers (wa_id, first_contact_at, last_message_at, last_message_to)
SELECT DISTINCT ltrim(value #>> '{}', '+'), %(at)s::timestamptz, %(at)s::timestamptz,
       %(number)s::text
FROM settings WHERE key IN ('owner_phone', 'adviser_phone') AND value #>> '{}' <> ''
ON CONFLICT (wa_id) DO UPDATE SET
    last_message_at = excluded.last_message_at, last_message_to = excluded.last_message_to
"""

WINDOWS = """
SELECT coalesce(wa_id, user_id), last_message_at FROM customers WHERE last_message_to = %(number)s
"""

LAST_STEP = f"SELECT last_step FROM customer_sessions WHERE customer_id = {_CUSTOMER}"  # noqa: S608 - our own text

SET_SETTING = """
INSERT INTO settings (key, value) VALUES (%(key)s, %(value)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
"""

CHANGE_PRODUCT = """
UPDATE products SET price = coalesce(%(price)s::numeric, price),
    stock = coalesce((%(stock)s::numeric / step)::int, stock),
    is_active = coalesce(%(active)s::boolean, is_active)
WHERE sku = %(sku)s
"""

MOVE_ORDER = f"""
WITH moved AS (
    UPDATE orders SET status = %(status)s WHERE id = (
        SELECT id FROM orders WHERE customer_id = {_CUSTOMER}
          AND (%(code)s = '' OR order_code = %(code)s) ORDER BY number DESC LIMIT 1
    ) RETURNING id
)
INSERT INTO order_history (order_id, status, changed_by, created_at)
SELECT id, %(status)s, 'simulation', %(at)s FROM moved
"""  # noqa: S608 - our own text

RAISE_SHOP = "UPDATE shop_state SET version = version + 1"
RAISE_REGISTRY = "UPDATE wabot.registry SET version = version + 1"
SET_PLAN = """
UPDATE wabot.clients SET plan_type = %(plan)s, version = (SELECT version FROM wabot.registry)
WHERE id = %(client)s
"""

FORGET_USAGE = "DELETE FROM usage WHERE day BETWEEN %(first)s AND %(last)s"
SET_USAGE = "INSERT INTO usage (day, messages) VALUES (%(day)s, %(messages)s)"

# One row with one JSON object: the facts of a subject by key, the most telling first.
FACTS = {
    "order": f"""
SELECT json_build_object(
    'code', o.order_code, 'status', o.status, 'total', o.total::text,
    'lines', (SELECT count(*) FROM order_items i WHERE i.order_id = o.id),
    'delivery', o.delivery, 'address', o.delivery_address,
    'history', (SELECT string_agg(h.status, ',' ORDER BY h.id)
                FROM order_history h WHERE h.order_id = o.id),
    'problem', coalesce(nullif(o.delivery_problem, ''), 'none'),
    'attachments', (SELECT count(*) FROM order_attachments a WHERE a.order_id = o.id))
FROM orders o WHERE o.customer_id = {_CUSTOMER} ORDER BY o.number DESC LIMIT 1
""",  # noqa: S608 - our own text
    "orders": f"""
SELECT json_build_object('orders', count(*)) FROM orders WHERE customer_id = {_CUSTOMER}
""",  # noqa: S608 - our own text
    "session": f"""
SELECT json_build_object('state', last_step, 'active', CASE WHEN is_active THEN 'yes' ELSE 'no' END)
FROM customer_sessions WHERE customer_id = {_CUSTOMER}
""",  # noqa: S608 - our own text
    "customer": f"""
SELECT json_build_object('name', name, 'phone', phone_number, 'wa_id', coalesce(wa_id, ''),
    'addresses', (SELECT count(*) FROM customer_addresses a WHERE a.customer_id = c.id),
    'address', coalesce((SELECT address FROM customer_addresses a
                         WHERE a.customer_id = c.id AND is_primary), ''))
FROM customers c WHERE id = {_CUSTOMER}
""",  # noqa: S608 - our own text
    "usage": """
SELECT json_build_object('messages', coalesce(sum(messages), 0)) FROM usage
WHERE date_trunc('month', day) = (SELECT date_trunc('month', max(day)) FROM usage)
""",
    "pause": f"""
SELECT json_build_object('pause', CASE WHEN exists(
    SELECT 1 FROM pauses WHERE customer_id = {_CUSTOMER}) THEN 'on' ELSE 'off' END)
""",  # noqa: S608 - our own text
}

# Rows of SKU and number of units.
BY_SKU = {
    "stock": "SELECT sku, stock * step FROM products WHERE sku = ANY(%(skus)s)",
    "item": f"""
SELECT p.sku, sum(i.quantity * i.step) FROM order_items i JOIN products p ON p.id = i.product_id
WHERE p.sku = ANY(%(skus)s) AND i.order_id = (
    SELECT id FROM orders WHERE customer_id = {_CUSTOMER} ORDER BY number DESC LIMIT 1)
GROUP BY 1
""",  # noqa: S608 - our own text
}
