"""The catalogue of a shop that exists, as the operator changes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol
from uuid import UUID

from wabot.domain.plan import Allowance
from wabot.domain.template import SeedProduct, Template
from wabot.domain.tenant import Tenant
from wabot.errors import UnknownChoice
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Templates, Tenants

ReadCatalog = Callable[[Path, Template, str], tuple[SeedProduct, ...]]
"""Reads a CSV file for a kind of shop and a currency; InvalidInput names file and lines."""


@dataclass(frozen=True, slots=True)
class CatalogProduct:
    """A product as it stands; `stock` counts steps of the unit."""

    id: UUID
    sku: str
    name: str
    price: Decimal
    unit: str
    step: Decimal
    stock: int
    category: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """What was changed, by sku; `active` counts the active products before and after.

    `differences` hold what a changed product was and is, by column.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    active: tuple[int, int] = (0, 0)
    allowed: int = 0
    differences: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)


class Catalog(Protocol):
    """Products in tenants' tables; every change is one transaction and is audited.

    One that would make more products active than the client may have is refused, also when
    several run at once. Running servers see it with the next message.
    """

    def products(self, tenant: Tenant) -> tuple[CatalogProduct, ...]:
        """Return all products in the order in which customers see them."""
        ...

    def switch(
        self, slug: str, named: Sequence[str] | None, *, active: bool, actor: str, at: datetime
    ) -> CatalogChange:
        """Make products active, or not; they are named by sku or by name, None are all."""
        ...

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
        ...


def identify(named: Sequence[str], products: Sequence[CatalogProduct]) -> list[UUID]:
    """Return the products of those skus or names, whatever the case; UnknownChoice for others."""
    by_name = {product.name.casefold(): product.id for product in products}
    by_name |= {product.sku.casefold(): product.id for product in products if product.sku}
    unknown = [name for name in named if name.casefold() not in by_name]
    if unknown:
        names = [word for product in products for word in (product.sku, product.name) if word]
        close = get_close_matches(unknown[0], names, n=3)
        raise UnknownChoice(
            f"the shop has no product {', '.join(map(repr, unknown[:10]))}; nothing was changed",
            hint=f"Did you mean {' or '.join(close)}?" if close else "",
        )
    return list(dict.fromkeys(by_name[name.casefold()] for name in named))


@dataclass(frozen=True, slots=True)
class ManageCatalog:
    """The use cases; asking again for what is already so changes nothing."""

    tenants: Tenants
    templates: Templates
    catalog: Catalog
    read: ReadCatalog
    now: Callable[[], datetime]
    actor: str

    def listing(self, slug: str) -> tuple[Allowance, tuple[CatalogProduct, ...]]:
        """Return what the shop may have and what it has."""
        tenant = find_tenant(self.tenants, slug)
        return tenant.allowance(self.now()), self.catalog.products(tenant)

    def switch(self, slug: str, named: Sequence[str] | None, *, active: bool) -> CatalogChange:
        """Make products active, or not; None are all of them."""
        find_tenant(self.tenants, slug)
        return self.catalog.switch(slug, named, active=active, actor=self.actor, at=self.now())

    def load(
        self, slug: str, path: Path, *, inactive: bool = False, dry_run: bool = False
    ) -> CatalogChange:
        """Load a file; what is new comes active, unless it is to be `inactive`."""
        tenant = find_tenant(self.tenants, slug)
        given = self.read(path, self.templates.load(tenant.template), tenant.currency)
        if inactive:
            given = tuple(replace(product, is_active=False) for product in given)
        return self.catalog.load(slug, given, actor=self.actor, at=self.now(), dry_run=dry_run)
