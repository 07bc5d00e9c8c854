"""What Meta bills for a shop's messages: counted by what the price depends on, priced when asked.

Only messages that arrived are billed. The first thousand service messages of a number and month
are free; where they end within a day, the cheapest of that day count as free, so that the figure
is never below Meta's bill. What no price is known for is told apart and never guessed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

FREE_SERVICE_MESSAGES = 1_000
"""Service messages per number and calendar month that Meta does not bill."""
SERVICE = "service"


class Kind(StrEnum):
    """How Meta bills a message, by the `type` of its pricing."""

    REGULAR = "regular"
    FREE_CUSTOMER_SERVICE = "free_customer_service"
    """Free as one of the month's free service messages."""
    FREE_ENTRY_POINT = "free_entry_point"
    """Free for three days after a tap on an advertisement; uses up nothing."""
    NOT_BILLED = "not_billed"
    """Meta says so without saying why."""
    UNKNOWN = "unknown"
    """A type that this version does not know."""


def kind_of(pricing_type: str, billable: bool | None) -> Kind:
    """Return how a message is billed, from what a status says."""
    if pricing_type in {Kind.FREE_CUSTOMER_SERVICE, Kind.FREE_ENTRY_POINT}:
        return Kind(pricing_type)
    if billable is False:
        return Kind.NOT_BILLED
    return Kind.REGULAR if pricing_type in {"", Kind.REGULAR} else Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Price:
    """What one message costs from a day to before another.

    `recipients` are beginnings of numbers and countries of user ids; `line` is where it stands.
    """

    country: str
    recipients: tuple[str, ...]
    category: str
    amount: Decimal
    valid_from: date
    valid_before: date | None = None
    line: int = 0

    def holds(self, day: date) -> bool:
        """Tell whether it is the price of a day."""
        return self.valid_from <= day and (self.valid_before is None or day < self.valid_before)

    def overlaps(self, other: "Price") -> bool:
        """Tell whether a day has both as the price of the same messages."""
        if self.category != other.category or not set(self.recipients) & set(other.recipients):
            return False
        first, second = sorted((self, other), key=lambda price: price.valid_from)
        return first.valid_before is None or second.valid_from < first.valid_before


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Meta's prices; all in one currency."""

    currency: str
    prices: tuple[Price, ...]

    def price(self, recipients: str, category: str, day: date) -> Decimal | None:
        """Return the price of a message; of several that fit, that of the longest beginning."""
        fitting = [
            (len(beginning), price.amount)
            for price in self.prices
            if price.category == category and price.holds(day)
            for beginning in price.recipients
            if _begins(recipients, beginning)
        ]
        return max(fitting, key=lambda found: found[0])[1] if fitting else None


@dataclass(frozen=True, slots=True)
class Charge:
    """Messages of a day that arrived and are billed alike.

    `recipients` is how their numbers begin (four digits), or the country of their user ids.
    """

    day: date
    recipients: str
    category: str
    kind: str
    messages: int


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Messages that no price is known for."""

    recipients: str
    category: str
    kind: str
    messages: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a month's messages cost; `unpriced` ones are not in the amount."""

    amount: Decimal
    currency: str
    allowance_left: int
    unpriced: tuple[Unpriced, ...] = ()


def cost_of(charges: Iterable[Charge], table: PriceTable) -> Cost:
    """Price the messages of one number and month."""
    amount, left = Decimal(0), FREE_SERVICE_MESSAGES
    unpriced: dict[tuple[str, str, str], int] = {}
    for charge in sorted(charges, key=lambda one: _order(one, table)):
        billed = charge.messages
        if charge.category == SERVICE and charge.kind != Kind.FREE_ENTRY_POINT:
            free = min(left, billed)
            left, billed = left - free, billed - free
        if charge.kind in _FREE or not billed:
            continue
        price = _price(charge, table)
        if price is None:
            key = (charge.recipients, charge.category, charge.kind)
            unpriced[key] = unpriced.get(key, 0) + billed
        else:
            amount += price * billed
    return Cost(
        amount,
        table.currency,
        left,
        tuple(Unpriced(*key, messages) for key, messages in sorted(unpriced.items())),
    )


_FREE = frozenset({Kind.FREE_CUSTOMER_SERVICE, Kind.FREE_ENTRY_POINT, Kind.NOT_BILLED})


def refuse_overlaps(prices: Sequence[Price]) -> None:
    """Raise ValueError, naming the lines, when two prices hold for the same messages of a day."""
    for place, price in enumerate(prices):
        for other in prices[:place]:
            if price.overlaps(other):
                raise ValueError(
                    f"lines {other.line} and {price.line} both have a price of"
                    f" {price.category} messages to {price.country} from"
                    f" {max(price.valid_from, other.valid_from)}"
                )


def _price(charge: Charge, table: PriceTable) -> Decimal | None:
    if charge.kind != Kind.REGULAR:
        return None
    return table.price(charge.recipients, charge.category, charge.day)


def _order(charge: Charge, table: PriceTable) -> tuple[date, bool, Decimal, str]:
    price = Decimal(0) if charge.kind in _FREE else _price(charge, table)
    return (charge.day, price is None, price or Decimal(0), charge.recipients)


def _begins(recipients: str, beginning: str) -> bool:
    # A country's letters are compared whole.
    return recipients.startswith(beginning) if beginning.isdigit() else recipients == beginning
