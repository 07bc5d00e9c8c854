"""Finds in the databases what happened to a message or an order."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import Engine

from wabot.domain.placement import placement_from_config
from wabot.domain.story import Fetched, Heard, Ordered, Spoken, Story, Waiting
from wabot.errors import NotFound, WabotError
from wabot.repositories.provisioning.servers import Servers
from wabot.services.stories import MASKED, Found, Shop

# What logs show of a message id: its end, which is unique.
_AT_ONCE = 100
_CONNECTIONS = 4


class SqlStories:
    """The stories over connections of the owner."""

    def __init__(self, engine: Engine, servers: Servers) -> None:
        self._engine = engine
        self._servers = servers
        self.unreachable: list[str] = []

    def shops(self, slug: str = "") -> list[Shop]:
        """Return all shops that have tables, or the named one; raises NotFound."""
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_SHOPS, {"slug": slug}).all()
        if slug and not rows:
            raise NotFound(f"There is no tenant {slug!r}", hint="See: wabot tenant list")
        return [Shop(r[0], r[1], r[2], placement_from_config(r[3])) for r in rows]

    def waiting(self, name: str, shops: Sequence[Shop]) -> list[tuple[str, Waiting]]:
        """Return the inbox's events of that name, with their shops' slugs ('' without one)."""
        values = {"name": name.removeprefix(MASKED), "masked": name.startswith(MASKED)}
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_WAITING, values).all()
        known = {shop.slug for shop in shops} | {""}
        return [(row[0], Waiting(*row[1:])) for row in rows if row[0] in known]

    def heard_of(self, name: str) -> frozenset[str]:
        """Return the slugs of those in whose inbox something of that message is still kept."""
        if name.startswith(MASKED):
            return frozenset()
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_HEARD_OF, {"name": name}).all()
        return frozenset(row[0] for row in rows)

    def find_message(self, name: str, shops: Sequence[Shop]) -> list[Found]:
        """Find messages of either direction by their wamid, or by the key of their event."""
        if name.startswith(MASKED):
            where = sql.SQL("wamid LIKE {}").format(_like(name.removeprefix(MASKED)))
        else:
            where = sql.SQL("wamid = {0} OR (direction = 'in' AND event_key = {0})").format(
                sql.Literal(name)
            )
        return self._find("messages", "event_key", where, shops)

    def find_order(self, code: str, shops: Sequence[Shop]) -> list[Found]:
        """Find orders of that code: most shops have one."""
        where = sql.SQL("order_code = {}").format(sql.Literal(code))
        return self._find("orders", "source", where, shops)

    def _find(
        self, table: str, key: str, where: sql.Composed, shops: Sequence[Shop]
    ) -> list[Found]:
        """Look at many shops with one statement, and over a few connections at a time."""

        def look(near: Sequence[Shop]) -> list[Found]:
            try:
                with self._servers.connect(near[0].id, near[0].placement) as connection:
                    rows = connection.execute(_union(table, key, where, near)).fetchall()
            except psycopg.Error:
                if len(near) > 1:
                    # One has not what it should have: the others are looked at without it.
                    return [found for shop in near for found in look([shop])]
                self.unreachable.append(near[0].slug)
                return []
            except WabotError:
                self.unreachable += [shop.slug for shop in near]
                return []
            return [Found(near[place], event_key) for place, event_key in rows]

        with ThreadPoolExecutor(_CONNECTIONS) as threads:
            found = [one for looked in threads.map(look, _parts(shops)) for one in looked]
        return sorted(found, key=lambda one: one.shop.slug)

    def tell(self, found: Found) -> Story:
        """Return all that the shop and the inbox know of the event."""
        shop, values = found.shop, {"key": found.event_key}
        with self._servers.connect(shop.id, shop.placement) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            tables = {name: _table(shop, name) for name in ("messages", "orders", "order_history")}
            messages = [
                row["message"]
                for row in cursor.execute(sql.SQL(_MESSAGES).format(**tables), values).fetchall()
            ]
            orders = cursor.execute(sql.SQL(_ORDERS).format(**tables), values).fetchall()
            media = {"media": _table(shop, "media")}
            files = cursor.execute(sql.SQL(_FILES).format(**media), values).fetchall()
        waiting = self.waiting(found.event_key, [shop])
        heard = next((_heard(m) for m in messages if m["direction"] == "in"), None)
        return Story(
            tenant=shop.slug,
            waiting=next((event for slug, event in waiting if slug == shop.slug), None),
            heard=heard,
            spoken=tuple(_spoken(m) for m in messages if m["direction"] == "out"),
            orders=tuple(_ordered(row, shop.currency) for row in orders),
            files=tuple(Fetched(**row) for row in files),
        )


def _parts(shops: Sequence[Shop]) -> Iterator[Sequence[Shop]]:
    """Yield those whose tables are in one database, not too many together."""

    def where(shop: Shop) -> tuple[str, str]:
        return shop.placement.server, shop.placement.database

    for _, group in groupby(sorted(shops, key=where), key=where):
        near = list(group)
        yield from (near[start : start + _AT_ONCE] for start in range(0, len(near), _AT_ONCE))


def _union(table: str, key: str, where: sql.Composed, near: Sequence[Shop]) -> sql.Composed:
    asked = [
        sql.SQL("SELECT DISTINCT {}::int, {} FROM {} WHERE {}").format(
            sql.Literal(place), sql.Identifier(key), _table(shop, table), where
        )
        for place, shop in enumerate(near)
    ]
    return sql.SQL(" UNION ALL ").join(asked)


def _table(shop: Shop, name: str) -> sql.Identifier:
    return sql.Identifier(shop.placement.schema, f"{shop.placement.prefix}{name}")


def _like(end: str) -> sql.Literal:
    escaped = end.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return sql.Literal(f"%{escaped}")


# As JSON: tables that are a revision behind have fewer columns, and tell what they can.
_MESSAGES = """
SELECT to_jsonb(m) - 'body' - 'parameters' - 'recipient' AS message FROM {messages} m
WHERE m.event_key = %(key)s
   OR m.order_id IN (SELECT id FROM {orders} WHERE source = %(key)s)
ORDER BY m.position
"""

_ORDERS = """
SELECT o.order_code, o.status, o.total, o.created_at, o.delivery_problem,
       o.source = %(key)s AS placed,
       (SELECT array_agg(h.created_at ORDER BY h.id) FROM {order_history} h
        WHERE h.order_id = o.id) AS times,
       (SELECT array_agg(h.status ORDER BY h.id) FROM {order_history} h
        WHERE h.order_id = o.id) AS statuses,
       (SELECT array_agg(h.changed_by ORDER BY h.id) FROM {order_history} h
        WHERE h.order_id = o.id) AS actors
FROM {orders} o WHERE o.source = %(key)s
   OR o.id IN (SELECT m.order_id FROM {messages} m WHERE m.event_key = %(key)s)
"""

_FILES = "SELECT kind, status, reason, created_at AS at FROM {media} WHERE event_key = %(key)s"

_SHOPS = """
SELECT id, slug, currency, db_connection_config FROM wabot.clients
WHERE status <> 'provisioning' AND (%(slug)s = '' OR slug = %(slug)s) ORDER BY slug
"""

_HEARD_OF = """
SELECT DISTINCT c.slug
FROM wabot.clients c JOIN wabot.inbox i
    ON i.phone_number_id = c.phone_number_id AND i.client_id = c.id
WHERE i.dedup_key = %(name)s OR starts_with(i.dedup_key, 'status:' || %(name)s || ':')
"""

_WAITING = """
SELECT coalesce(c.slug, ''), i.id, i.kind, i.state, i.attempts, i.received_at, i.due_at, i.done_at,
       coalesce(i.last_error, ''), i.request_id, i.phone_number_id
FROM wabot.inbox i LEFT JOIN wabot.clients c ON c.id = i.client_id
WHERE CASE WHEN %(masked)s THEN right(i.dedup_key, length(%(name)s)) = %(name)s
      ELSE i.dedup_key = %(name)s END
ORDER BY i.id LIMIT 50
"""


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _known(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _heard(row: dict[str, Any]) -> Heard:
    return Heard(
        kind=row["kind"],
        event_key=row["event_key"],
        contact=row["contact"],
        occurred_at=_known(row["occurred_at"]),
        handled_at=_known(row["created_at"]),
        received_at=_moment(row.get("received_at")),
        request_id=row.get("request_id") or "",
        meaning=row.get("meaning") or "",
        step_before=row.get("step_before") or "",
        step_after=row.get("step_after") or "",
    )


def _spoken(row: dict[str, Any]) -> Spoken:
    return Spoken(
        name=row["wamid"] or "",
        kind=row["kind"],
        audience=row["audience"],
        status=row["status"],
        meaning=row.get("meaning") or "",
        written_at=_known(row["created_at"]),
        accepted_at=_moment(row["accepted_at"]),
        sent_at=_moment(row.get("sent_at")),
        delivered_at=_moment(row["delivered_at"]),
        read_at=_moment(row.get("read_at")),
        error_code=row["error_code"],
        error=row["error"] or "",
        attempts=row["attempts"],
        resends=row["resends"],
    )


def _ordered(row: dict[str, Any], currency: str) -> Ordered:
    history = zip(row["times"] or (), row["statuses"] or (), row["actors"] or (), strict=True)
    return Ordered(
        code=row["order_code"],
        status=row["status"],
        total=Decimal(row["total"]),
        currency=currency,
        at=row["created_at"],
        problem=row["delivery_problem"],
        placed=row["placed"],
        history=tuple(history),
    )
