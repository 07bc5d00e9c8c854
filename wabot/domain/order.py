"""Carts, orders and the one place where totals are computed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from wabot.domain.catalog import Catalog, Product
from wabot.domain.money import round_money
from wabot.domain.quantity import Quantity

INITIAL_STATUS = "pendiente"
CANCELLED_STATUS = "cancelado"
# No neighbourhood order costs as much in any currency, and ten times that still fits the tables.
MOST_TOTAL = Decimal(999_999_999)


@dataclass(frozen=True, slots=True)
class CartLine:
    """So many steps of one product; `native` marks what came from WhatsApp's own cart."""

    product_id: UUID
    steps: int
    note: str = ""
    native: bool = False


@dataclass(frozen=True, slots=True)
class Cart:
    """What the customer has chosen and not yet ordered; one line per product."""

    lines: tuple[CartLine, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines)

    def put(self, line: CartLine) -> "Cart":
        """Set the product's line, replacing an earlier one in its place."""
        if any(known.product_id == line.product_id for known in self.lines):
            return Cart(tuple(line if k.product_id == line.product_id else k for k in self.lines))
        return Cart((*self.lines, line))

    def without(self, product_id: UUID) -> "Cart":
        """Take the product out."""
        return Cart(tuple(line for line in self.lines if line.product_id != product_id))

    def line(self, product_id: UUID) -> CartLine | None:
        """Return the product's line."""
        return next((line for line in self.lines if line.product_id == product_id), None)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as sold: name, unit and price are kept as they were at that moment."""

    product_id: UUID
    name: str
    quantity: Quantity
    unit_price: Decimal
    total: Decimal
    note: str = ""


class DeliveryKind(StrEnum):
    """How the customer gets the order."""

    DELIVERY = "delivery"
    PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the order goes; pick-up has no address. `address_id` is None for an unsaved address."""

    kind: DeliveryKind
    address_id: UUID | None = None
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None


def coordinates(latitude: float, longitude: float) -> str:
    """Write a location that has no other name."""
    return f"{latitude:.6f}, {longitude:.6f}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo, voice note or file that the customer sent while ordering."""

    media_id: str
    kind: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order that was confirmed and not yet written."""

    lines: tuple[OrderLine, ...]
    delivery: Delivery
    total: Decimal
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of status; `label` is the status in words."""

    status: str
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order as written; `label` is its status in words, `is_open` until a final status."""

    id: UUID
    code: str
    status: str
    label: str
    total: Decimal
    created_at: datetime
    lines: tuple[OrderLine, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product of which less is left than was asked for (0: sold out or withdrawn)."""

    product_id: UUID
    name: str
    available: int


def line_total(product: Product, steps: int, currency: str) -> Decimal:
    """Return the price of so many steps, rounded to the currency."""
    return round_money(product.price * product.step * steps, currency)


def price_cart(cart: Cart, catalog: Catalog, currency: str) -> tuple[OrderLine, ...]:
    """Price the cart with today's catalogue; lines whose product is gone are left out."""
    lines = []
    for line in cart.lines:
        product = catalog.get(line.product_id)
        if product is None:
            continue
        lines.append(
            OrderLine(
                product_id=product.id,
                name=product.name,
                quantity=product.quantity(line.steps),
                unit_price=product.price,
                total=line_total(product, line.steps, currency),
                note=line.note,
            )
        )
    return tuple(lines)


def total_of(lines: tuple[OrderLine, ...]) -> Decimal:
    """Add up the lines."""
    return sum((line.total for line in lines), Decimal(0))
