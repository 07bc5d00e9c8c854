"""What a shop sells."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from wabot.domain.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Product:
    """A product as offered now; `price` is per unit, `stock` counts steps."""

    id: UUID
    name: str
    price: Decimal
    unit: str = "pieza"
    step: Decimal = Decimal(1)
    stock: int = 0
    description: str = ""
    category: str = ""
    aliases: tuple[str, ...] = ()
    sku: str = ""

    @property
    def available(self) -> bool:
        """Tell whether at least one step can be sold."""
        return self.stock > 0

    def quantity(self, steps: int) -> Quantity:
        """Return that many steps of this product."""
        return Quantity(steps, self.step, self.unit)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The active products in the order in which the shop shows them.

    `withdrawn` are those switched off: they are known by name and never sold.
    """

    products: tuple[Product, ...] = ()
    withdrawn: tuple[Product, ...] = ()
    _by_id: dict[UUID, Product] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {product.id: product for product in self.products})

    def get(self, product_id: UUID) -> Product | None:
        """Return the active product, or None when it is gone or switched off."""
        return self._by_id.get(product_id)

    def by_sku(self, sku: str) -> Product | None:
        """Return the product that a native catalogue names by its retailer id (sku or UUID)."""
        for product in self.products:
            if sku and (product.sku == sku or str(product.id) == sku):
                return product
        return None

    def categories(self) -> tuple[str, ...]:
        """Return the category names in order of first appearance."""
        return tuple(dict.fromkeys(p.category for p in self.products if p.category))

    def in_category(self, category: str) -> tuple[Product, ...]:
        """Return the products of one category."""
        return tuple(p for p in self.products if p.category == category)

    @staticmethod
    def of(products: Iterable[Product]) -> "Catalog":
        """Build a catalogue from any iterable."""
        return Catalog(tuple(products))
