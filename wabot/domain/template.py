"""What a kind of shop is made of, and what a new shop starts with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from wabot.domain.money import minor_units, round_money
from wabot.domain.settings import SettingSpec, StoredValue


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """A state of orders; `label` is what the customer reads."""

    code: str
    label: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class SeedProduct:
    """A product before it has an id; `stock` counts steps.

    `piece_grams` is what one piece of something sold by weight weighs, about.
    """

    sku: str
    name: str
    price: Decimal
    description: str = ""
    unit: str = "pieza"
    step: Decimal = Decimal(1)
    stock: int = 0
    category: str = ""
    aliases: tuple[str, ...] = ()
    is_active: bool = True
    piece_grams: int | None = None


@dataclass(frozen=True, slots=True)
class SeedRows:
    """Rows of a table of the trade's own; a column `sku` stands for the id of that product."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True)
class ShopSeed:
    """What a new shop starts with, from a template or from another shop; no customers, no token.

    `modules` are the branches of migrations that its tables follow besides the base line.
    """

    template: str
    country: str
    currency: str
    time_zone: str
    statuses: tuple[OrderStatus, ...]
    products: tuple[SeedProduct, ...] = ()
    settings: Mapping[str, StoredValue] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    rows: tuple[SeedRows, ...] = ()

    @property
    def active_products(self) -> int:
        """Return how many products count towards the plan."""
        return sum(product.is_active for product in self.products)

    def in_currency(self, currency: str) -> "ShopSeed":
        """Return the seed for another currency: same figures, rounded to its smallest unit."""
        if minor_units(currency) >= minor_units(self.currency):
            return replace(self, currency=currency)
        rounded = tuple(replace(p, price=round_money(p.price, currency)) for p in self.products)
        return replace(self, currency=currency, products=rounded)


@dataclass(frozen=True, slots=True)
class Template:
    """A folder of `tenant_templates/`; `name` is the folder's, `title` what people call it."""

    name: str
    title: str
    description: str
    country: str
    currency: str
    time_zone: str
    units: tuple[str, ...]
    categories: tuple[str, ...]
    statuses: tuple[OrderStatus, ...]
    settings: tuple[SettingSpec, ...]
    products: tuple[SeedProduct, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    rows: tuple[SeedRows, ...] = ()

    def seed(self) -> ShopSeed:
        """Return what a new shop of this kind starts with."""
        return ShopSeed(
            template=self.name,
            country=self.country,
            currency=self.currency,
            time_zone=self.time_zone,
            statuses=self.statuses,
            products=self.products,
            settings={setting.key: setting.default for setting in self.settings},
            modules=self.modules,
            rows=self.rows,
        )
