"""The catalogue of a shop that exists: read and changed in its own tables."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine

from wabot.domain.plan import check_active_products
from wabot.domain.template import SeedProduct
from wabot.domain.tenant import Placement, Tenant
from wabot.errors import InvalidInput
from wabot.repositories.provisioning import shop_rows
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.holding import central_transaction, own_tables, wait_for
from wabot.repositories.provisioning.product_limit import hold_count, tell_servers
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.servers import Servers
from wabot.services.provisioning.catalog import CatalogChange, CatalogProduct, identify

_LIST = """
SELECT id, coalesce(sku, ''), name, price, unit, step, stock, category, is_active
FROM tenant.__wbp__products ORDER BY position, name
"""
_SWITCH = """
UPDATE tenant.__wbp__products SET is_active = %(active)s
WHERE id = ANY(%(ids)s::uuid[]) AND is_active <> %(active)s
RETURNING coalesce(sku, name)
"""

# A product that is there stays in its place of the list, active or not as it is.
_CHANGEABLE = (
    *("name", "description", "price", "unit", "step", "stock", "category", "aliases"),
    "piece_grams",
)
_TOLD = ("name", "price", "unit", "step", "stock", "category")
_LOAD = f"""
WITH given AS (
    SELECT * FROM jsonb_populate_recordset(null::tenant.__wbp__products, %(rows)s)
)
INSERT INTO tenant.__wbp__products AS p
    (id, sku, position, is_active, {", ".join(_CHANGEABLE)})
SELECT id, sku, position + (SELECT coalesce(max(position), 0) FROM tenant.__wbp__products),
       is_active, {", ".join(_CHANGEABLE)}
FROM given
ON CONFLICT (sku) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in _CHANGEABLE)}
WHERE ({", ".join(f"p.{c}" for c in _CHANGEABLE)})
      IS DISTINCT FROM ({", ".join(f"excluded.{c}" for c in _CHANGEABLE)})
RETURNING p.sku, p.xmax = 0
"""


class SqlCatalog:
    """Catalogues of the tenants of one central database; `engine` connects as its owner."""

    def __init__(
        self, engine: Engine, servers: Servers, *, new_id: Callable[[], UUID] = uuid4
    ) -> None:
        self._engine = engine
        self._servers = servers
        self._new_id = new_id

    def products(self, tenant: Tenant) -> tuple[CatalogProduct, ...]:
        """Return all products in the order in which customers see them."""
        with (
            central_transaction(self._engine) as central,
            own_tables(self._servers, central, tenant) as own,
        ):
            return _products(own, tenant.placement)

    def switch(
        self, slug: str, named: Sequence[str] | None, *, active: bool, actor: str, at: datetime
    ) -> CatalogChange:
        """Make products active, or not; they are named by sku or by name, None are all."""

        def act(own: Connection, place: Placement) -> CatalogChange:
            there = _products(own, place)
            ids = [each.id for each in there] if named is None else identify(named, there)
            values = {"ids": ids, "active": active}
            switched = own.exec_driver_sql(render(_SWITCH, place), values).scalars().all()
            return CatalogChange(
                changed=tuple(sorted(switched)), unchanged=len(ids) - len(switched)
            )

        action = "catalog.activate" if active else "catalog.deactivate"
        return self._change(slug, act, action=action, actor=actor, at=at, dry_run=False)

    def load(
        self,
        slug: str,
        given: Sequence[SeedProduct],
        *,
        actor: str,
        at: datetime,
        dry_run: bool,
    ) -> CatalogChange:
        """Add products and change those whose sku is there; none is taken away."""

        def act(own: Connection, place: Placement) -> CatalogChange:
            products = _products(own, place)
            _refuse_second_names(given, products)
            before = {product.sku: product for product in products}
            rows = [
                shop_rows.product_row(self._new_id(), position, product)
                for position, product in enumerate(given, 1)
            ]
            written = own.exec_driver_sql(render(_LOAD, place), {"rows": Jsonb(rows)}).all()
            changed = tuple(sku for sku, new in written if not new)
            return CatalogChange(
                added=tuple(sku for sku, new in written if new),
                changed=changed,
                unchanged=len(given) - len(written),
                differences={
                    product.sku: _differences(before[product.sku], product)
                    for product in given
                    if product.sku in changed
                },
            )

        return self._change(slug, act, action="catalog.import", actor=actor, at=at, dry_run=dry_run)

    def _change(
        self,
        slug: str,
        act: Callable[[Connection, Placement], CatalogChange],
        *,
        action: str,
        actor: str,
        at: datetime,
        dry_run: bool,
    ) -> CatalogChange:
        try:
            with central_transaction(self._engine) as central:
                tenant = wait_for(central, slug)
                place, allowed = tenant.placement, tenant.allowance(at)
                with own_tables(self._servers, central, tenant) as own:
                    before = hold_count(own, place)
                    done = act(own, place)
                    after = shop_rows.count_active(own, place)
                    check_active_products(allowed, slug, before=before, after=after)
                    done = replace(done, active=(before, after), allowed=allowed.active_products)
                    if dry_run:
                        raise _Undone(done)
                    if done.added or done.changed:
                        tell_servers(own, place)
                        details = _details(done)
                        note(central, tenant, actor=actor, action=action, details=details)
        except _Undone as undone:
            return undone.change
        return done


class _Undone(Exception):
    """Ends a transaction that was only to show what it would do."""

    def __init__(self, change: CatalogChange) -> None:
        super().__init__()
        self.change = change


def _products(connection: Connection, place: Placement) -> tuple[CatalogProduct, ...]:
    rows = connection.exec_driver_sql(render(_LIST, place)).all()
    return tuple(CatalogProduct(*row) for row in rows)


def _refuse_second_names(given: Sequence[SeedProduct], products: Sequence[CatalogProduct]) -> None:
    """Refuse a name that a product outside the file has: customers could not tell them apart."""
    skus = {product.sku for product in given}
    taken = {p.name.casefold(): p.sku or "(none)" for p in products if p.sku not in skus}
    for product in given:
        if holder := taken.get(product.name.casefold()):
            raise InvalidInput(
                f"{product.sku}: the name {product.name!r} is already that of the product with sku"
                f" {holder}; nothing was changed",
                hint="Give one of them another name, or the row the sku of the one that is there.",
            )


def _details(done: CatalogChange) -> dict[str, Any]:
    found: dict[str, Any] = {"active_products": list(done.active)}
    if done.added:
        found["added"] = list(done.added)
    if done.changed:
        found["changed"] = dict(done.differences) or list(done.changed)
    return found


def _differences(old: CatalogProduct, new: SeedProduct) -> dict[str, list[str]]:
    """Return what the log tells of a change: what it was and what it is; of long texts nothing."""
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in _TOLD)
    return {name: [str(was), str(now)] for name, was, now in pairs if was != now}
