"""What stands of a tenant, wherever it is."""

from typing import Any

import psycopg

from tests.harness import open_shop
from wabot.domain.tenant import Tenant


def content(owner_url: str, tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tenant, by table and in order."""
    with open_shop(owner_url, tenant) as shop:
        return {
            table: shop.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall()
            for table in ("customers", "products", "orders", "order_items", "settings")
        }


def places_standing(central_url: str, tenant: Tenant) -> set[str]:
    """Where PostgreSQL has anything of the tenant."""
    mark = f"wabot tenant={tenant.id}"
    with psycopg.connect(central_url) as central:
        row = central.execute(
            "SELECT EXISTS (SELECT FROM pg_namespace"
            "               WHERE obj_description(oid, 'pg_namespace') = %(mark)s),"
            " EXISTS (SELECT FROM pg_class WHERE obj_description(oid, 'pg_class') = %(mark)s),"
            " EXISTS (SELECT FROM pg_database"
            "         WHERE shobj_description(oid, 'pg_database') = %(mark)s)",
            {"mark": mark},
        ).fetchone()
    assert row is not None
    return {
        kind for kind, stands in zip(("schema", "prefix", "database"), row, strict=True) if stands
    }


def may_write(runtime_url: str, tenant: Tenant) -> bool:
    place = tenant.placement
    with psycopg.connect(runtime_url) as runtime:
        runtime.execute("SELECT set_config('role', %s, true)", [place.role])
        table = f'"{place.schema}"."{place.prefix}products"'
        return bool(runtime.execute(f"UPDATE {table} SET stock = stock".encode()).rowcount)
