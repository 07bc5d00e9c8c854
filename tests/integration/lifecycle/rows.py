"""Rows in every table of a shop, and what a test compares."""

from typing import Any

import psycopg

from wabot.domain.tenant import Placement

Connection = psycopg.Connection[Any]

# Every kind of value, and what breaks careless copies: tabs, quotes, backslashes, empty and NULL.
FILL = r"""
INSERT INTO {customers} (wa_id, user_id, name, phone_number, first_contact_at)
SELECT '52155501' || n, CASE WHEN n % 2 = 0 THEN 'US.' || n END,
       E'Ana\t"' || n || E'"\\N \\. ñ👩‍🌾\n', '+52155501' || n,
       timestamptz '2026-01-01 10:00+00' + n * interval '1 minute'
FROM generate_series(1, %(n)s) n;
INSERT INTO {customer_addresses} (customer_id, address, latitude, is_primary)
SELECT id, '=Calle ' || wa_id, 19.4326077 + random(), true FROM {customers};
INSERT INTO {orders} (customer_id, address_id, total, status, source)
SELECT c.id, a.id, 12.50, (SELECT code FROM {order_status} ORDER BY position LIMIT 1), c.wa_id
FROM {customers} c JOIN {customer_addresses} a ON a.customer_id = c.id;
INSERT INTO {order_items} (order_id, product_id, name, quantity, step, unit, unit_price, total)
SELECT o.id, (SELECT id FROM {products} ORDER BY sku LIMIT 1), 'Arroz', 2, 0.25, 'kg', 25, 12.5
FROM {orders} o;
INSERT INTO {order_history} (order_id, status, changed_by) SELECT id, status, 'bot' FROM {orders};
INSERT INTO {customer_sessions} (customer_id, last_step, state, expires_at)
SELECT id, 'idle', '{{"v": 1, "x": [1.50, null, "\u00f1"]}}', now() FROM {customers};
INSERT INTO {messages} (customer_id, contact, direction, event_key, kind, body, status, occurred_at)
SELECT id, wa_id, 'in', 'wamid.' || wa_id, 'text', '{{"text": "hola"}}', 'received', now()
FROM {customers};
INSERT INTO {messages} (customer_id, contact, direction, event_key, recipient, kind, body, status,
                        claimed_by, occurred_at)
SELECT id, wa_id, 'out', 'wamid.' || wa_id, '{{"to": "1"}}', 'text', '{{"text": "hola"}}',
       'sending', 'host:1', now()
FROM {customers};
INSERT INTO {pauses} (customer_id, until, reason) SELECT id, 'infinity', 'person' FROM {customers};
INSERT INTO {pending_effects} (event_key, contact, effects)
SELECT 'wamid.' || wa_id, wa_id, '[]' FROM {customers};
INSERT INTO {media} (media_id, event_key, contact, kind, location, status, occurred_at)
SELECT '70' || wa_id, 'wamid.' || wa_id, wa_id, 'image', 'x/' || wa_id || '.jpg', 'stored', now()
FROM {customers};
INSERT INTO {unknown_words} (words) VALUES ('=cmd'), ('');
"""


class _Names(dict[str, str]):
    def __init__(self, placement: Placement) -> None:
        super().__init__()
        self._placement = placement

    def __missing__(self, table: str) -> str:
        return f'"{self._placement.schema}"."{self._placement.prefix}{table}"'


def fill(connection: Connection, placement: Placement, customers: int = 3) -> None:
    """Give a shop customers with everything that belongs to them."""
    text = FILL.replace("%(n)s", str(customers)).format_map(_Names(placement))
    for statement in text.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def tables(connection: Connection, placement: Placement) -> list[str]:
    """Return the tables of a placement, without prefix."""
    found = connection.execute(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = %s"
        " AND starts_with(table_name, %s) AND table_type = 'BASE TABLE' ORDER BY 1",
        (placement.schema, placement.prefix),
    )
    return [name[len(placement.prefix) :] for (name,) in found]


def contents(connection: Connection, placement: Placement) -> dict[str, list[str]]:
    """Return every row of every table as text, generated columns included."""
    return {
        table: sorted(
            row[0]
            for row in connection.execute(f"SELECT t::text FROM {_Names(placement)[table]} t")
        )
        for table in tables(connection, placement)
    }
