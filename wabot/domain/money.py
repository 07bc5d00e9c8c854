"""Amounts in a shop's currency, exact to the currency's smallest unit."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217 minor units that differ from two, for the currencies of Latin America.
_MINOR_UNITS = {"CLP": 0, "PYG": 0}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; `currency` is an ISO 4217 code."""

    amount: Decimal
    currency: str


def minor_units(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217)."""
    return _MINOR_UNITS.get(currency, 2)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's smallest unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)
