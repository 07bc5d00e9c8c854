"""How many products a shop sells, counted while nobody can change it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from wabot.domain.tenant import Placement
from wabot.repositories.provisioning import shop_rows
from wabot.repositories.provisioning.rendering import render

# Whoever makes products active holds this row; what is counted after it stays until the commit.
_LOCK = "SELECT 1 FROM tenant.__wbp__shop_state FOR UPDATE"
_NEWER = "UPDATE tenant.__wbp__shop_state SET version = version + 1"
_KEEP = """
UPDATE tenant.__wbp__products SET is_active = false
WHERE is_active AND NOT id = ANY(%(kept)s::uuid[]) RETURNING coalesce(sku, name)
"""


def hold_count(connection: Connection, place: Placement) -> int:
    """Return how many products are active, and keep others from changing that."""
    connection.exec_driver_sql(render(_LOCK, place))
    return shop_rows.count_active(connection, place)


def tell_servers(connection: Connection, place: Placement) -> None:
    """Let running servers read the shop again."""
    connection.exec_driver_sql(render(_NEWER, place))


def keep_active(connection: Connection, place: Placement, kept: Collection[UUID]) -> list[str]:
    """Take every other product off sale; return those, by sku."""
    taken = connection.exec_driver_sql(render(_KEEP, place), {"kept": list(kept)})
    return sorted(taken.scalars())
