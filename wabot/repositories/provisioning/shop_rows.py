"""The rows a shop starts with, written to and read from the tenant's own tables."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, CursorResult, Select, case, func, select

from wabot.domain.migration import modules_of
from wabot.domain.template import OrderStatus, SeedProduct, SeedRows, ShopSeed
from wabot.domain.tenant import Placement, Tenant
from wabot.models.naming import TENANT_PREFIX_MARK
from wabot.models.tenant import customers, order_status, orders, products, settings, shop_state
from wabot.repositories.provisioning.rendering import render
from wabot.services.provisioning.ports import TenantCounts


def write_seed(
    connection: Connection, placement: Placement, seed: ShopSeed, new_id: Callable[[], UUID]
) -> None:
    """Insert order states, catalogue, settings and the trade's own rows into empty tables."""
    catalogue = [
        product_row(new_id(), position, product)
        for position, product in enumerate(seed.products, 1)
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        order_status.name: [
            {"code": s.code, "label": s.label, "position": position, "is_final": s.is_final}
            for position, s in enumerate(seed.statuses, 1)
        ],
        products.name: catalogue,
        settings.name: [{"key": key, "value": value} for key, value in seed.settings.items()],
        shop_state.name: [{"id": True}],
    }
    ids = {row["sku"]: row["id"] for row in catalogue}
    rows |= {TENANT_PREFIX_MARK + own.table: _own_rows(own, ids) for own in seed.rows}
    for table, found in rows.items():
        if found:
            _insert(connection, placement, table, found)


def _own_rows(own: SeedRows, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        dict(
            ("product_id", ids[value or ""]) if column == "sku" else (column, value)
            for column, value in zip(own.columns, row, strict=True)
        )
        for row in own.rows
    ]


def product_row(product_id: UUID, position: int, product: SeedProduct) -> dict[str, Any]:
    """Return a product as `jsonb_populate_recordset` reads it."""
    return {
        "id": str(product_id),
        "sku": product.sku or None,
        "name": product.name,
        "description": product.description,
        "price": str(product.price),
        "unit": product.unit,
        "step": str(product.step),
        "stock": product.stock,
        "piece_grams": product.piece_grams,
        "category": product.category,
        "aliases": list(product.aliases),
        "position": position,
        "is_active": product.is_active,
    }


def _insert(
    connection: Connection, placement: Placement, table: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    # One statement per table whatever the number of rows; the columns not named take their default.
    columns = ", ".join(rows[0])
    connection.exec_driver_sql(
        render(
            f"INSERT INTO tenant.{table} ({columns}) SELECT {columns}"
            f" FROM jsonb_populate_recordset(null::tenant.{table}, %(rows)s)",
            placement,
        ),
        {"rows": Jsonb(rows)},
    )


def read_seed(connection: Connection, tenant: Tenant) -> ShopSeed:
    """Read back what a copy of the shop starts with."""
    states = select(order_status.c.code, order_status.c.label, order_status.c.is_final)
    catalog = select(products).order_by(products.c.position, products.c.name)
    stored = select(settings.c.key, settings.c.value).order_by(settings.c.key)
    placement = tenant.placement
    return ShopSeed(
        template=tenant.template,
        country=tenant.country,
        currency=tenant.currency,
        time_zone=tenant.time_zone,
        statuses=tuple(
            OrderStatus(row.code, row.label, row.is_final)
            for row in _fetch(connection, placement, states.order_by(order_status.c.position))
        ),
        products=tuple(_product(row) for row in _fetch(connection, placement, catalog)),
        settings={row.key: row.value for row in _fetch(connection, placement, stored)},
        modules=modules_of(tenant.revision),
    )


def _product(row: Any) -> SeedProduct:
    return SeedProduct(
        sku=row.sku or "",
        name=row.name,
        price=row.price,
        description=row.description,
        unit=row.unit,
        # 0.250 as PostgreSQL writes it is 0.25 as people do.
        step=Decimal(f"{row.step.normalize():f}"),
        stock=row.stock,
        category=row.category,
        aliases=tuple(row.aliases),
        is_active=row.is_active,
        piece_grams=row.piece_grams,
    )


def count(connection: Connection, placement: Placement) -> TenantCounts:
    """Count what the shop holds, in one statement."""
    final = select(order_status.c.code).where(order_status.c.is_final)
    query = select(
        select(func.count()).select_from(customers).scalar_subquery().label("customers"),
        select(func.count()).select_from(products).scalar_subquery().label("products"),
        select(func.count(case((products.c.is_active, 1))))
        .scalar_subquery()
        .label("active_products"),
        select(func.count()).select_from(orders).scalar_subquery().label("orders"),
        select(func.count())
        .select_from(orders)
        .where(orders.c.status.not_in(final))
        .scalar_subquery()
        .label("open_orders"),
        select(func.count())
        .select_from(orders)
        .where(orders.c.delivery_problem != "")
        .scalar_subquery()
        .label("untold_orders"),
    )
    return TenantCounts(**_fetch(connection, placement, query).mappings().one())


def count_active(connection: Connection, placement: Placement) -> int:
    """Count the products that count towards the plan."""
    active = select(func.count()).select_from(products).where(products.c.is_active)
    return int(_fetch(connection, placement, active).scalar_one())


def _fetch(connection: Connection, placement: Placement, query: Select[Any]) -> CursorResult[Any]:
    compiled = query.compile(dialect=connection.dialect)
    return connection.exec_driver_sql(render(compiled.string, placement), dict(compiled.params))
