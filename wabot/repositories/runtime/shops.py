"""Shops as conversations see them, kept in memory until their version changes."""

from collections import OrderedDict
from collections.abc import Sequence
from decimal import Decimal
from sys import intern
from typing import Any
from uuid import UUID

from wabot.domain.catalog import Catalog, Product
from wabot.domain.settings import shop_settings
from wabot.domain.shop import Shop
from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.scripts import TenantTransaction
from wabot.repositories.runtime.sql import TenantStatement

_SETTINGS = TenantStatement("SELECT key, value FROM {settings}")
_PRODUCTS = TenantStatement("""
SELECT id, name, price, unit, step, stock, description, category, aliases, coalesce(sku, ''),
       is_active
FROM {products} ORDER BY position, name
""")
_MOST_PRODUCTS = 50_000
_MOST_SHARED = 20_000


class ShopCache:
    """The shops of one process, bounded by how many products they hold together."""

    def __init__(self, most_products: int = _MOST_PRODUCTS) -> None:
        self._most_products = most_products
        self._shops: OrderedDict[UUID, tuple[int, Shop]] = OrderedDict()
        self._products = 0
        self._shared = _Shared()

    async def get(self, transaction: TenantTransaction, tenant: Tenant, version: int) -> Shop:
        """Return the shop as of that version, read again when the one in memory is another."""
        known = self._shops.get(tenant.id)
        if known is not None and known[0] == version and _is_of(known[1], tenant):
            self._shops.move_to_end(tenant.id)
            return known[1]
        shop = await self._read(transaction, tenant)
        self._forget(tenant.id)
        self._shops[tenant.id] = (version, shop)
        self._products += _size(shop)
        while self._products > self._most_products and len(self._shops) > 1:
            self._forget(next(iter(self._shops)))
        return shop

    def _forget(self, client_id: UUID) -> None:
        known = self._shops.pop(client_id, None)
        if known is not None:
            self._products -= _size(known[1])

    async def _read(self, transaction: TenantTransaction, tenant: Tenant) -> Shop:
        settings, products = await transaction.ask((_SETTINGS, {}), (_PRODUCTS, {}))
        values: dict[str, object] = dict(settings)
        for_sale: list[Product] = []
        withdrawn: list[Product] = []
        for *columns, is_active in products:
            (for_sale if is_active else withdrawn).append(_product(columns, self._shared))
        return Shop(
            name=tenant.name,
            currency=tenant.currency,
            time_zone=tenant.time_zone,
            country=tenant.country,
            catalog=Catalog(tuple(for_sale), tuple(withdrawn)),
            settings=shop_settings(values),
        )


class _Shared:
    """One of each price and each list of words: shops of one template have most in common.

    A shop of fifty products takes 16 KB instead of 29.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, Decimal] = {}
        self._words: dict[tuple[str, ...], tuple[str, ...]] = {}

    def number(self, value: Decimal) -> Decimal:
        """Return the same number, of the same scale."""
        if len(self._numbers) >= _MOST_SHARED:
            self._numbers.clear()
        return self._numbers.setdefault(str(value), value)

    def words(self, value: Sequence[str]) -> tuple[str, ...]:
        """Return the same words."""
        if len(self._words) >= _MOST_SHARED:
            self._words.clear()
        words = tuple(map(intern, value))
        return self._words.setdefault(words, words)


def _size(shop: Shop) -> int:
    return len(shop.catalog.products) + len(shop.catalog.withdrawn)


def _is_of(shop: Shop, tenant: Tenant) -> bool:
    # A client's row changes apart from its shop's version, and may be read a moment later.
    return (shop.name, shop.currency, shop.time_zone, shop.country) == (
        tenant.name,
        tenant.currency,
        tenant.time_zone,
        tenant.country,
    )


def _product(row: Sequence[Any], shared: _Shared) -> Product:
    # Shops made from one template call most things alike: a word is kept once for all of them.
    return Product(
        id=row[0],
        name=intern(row[1]),
        price=shared.number(row[2]),
        unit=intern(row[3]),
        step=shared.number(row[4]),
        stock=row[5],
        description=intern(row[6]),
        category=intern(row[7]),
        aliases=shared.words(row[8]),
        sku=intern(row[9]),
    )
