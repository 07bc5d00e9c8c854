"""What the operator asks for each plan: the operator's own figures, charged by nothing here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from wabot.domain.money import minor_units
from wabot.errors import InvalidInput
from wabot.services.provisioning import request as rules

Prices = Mapping[tuple[str, str], Decimal]
"""Prices per month by plan and currency."""

_MOST = Decimal(10) ** 9


class PlanPrices(Protocol):
    """Where the prices are kept; a change is audited."""

    def read(self) -> Prices:
        """Return the prices by plan and currency."""
        ...

    def write(self, plan: str, currency: str, price: Decimal | None, *, actor: str) -> bool:
        """Set a price, or take it away; false when it was so already."""
        ...


@dataclass(frozen=True, slots=True)
class SetPlanPrice:
    """The use case."""

    prices: PlanPrices
    actor: str

    def run(self, plan: str, amount: str, currency: str) -> tuple[Decimal, bool]:
        """Set a plan's price a month; return it, and whether that changed anything."""
        code = rules.check_plan(plan).code
        rules.check_currency(currency)
        price = _price(amount, currency)
        return price, self.prices.write(code, currency, price, actor=self.actor)

    def remove(self, plan: str, currency: str) -> bool:
        """Take a price away; false when there was none."""
        code = rules.check_plan(plan).code
        return self.prices.write(code, rules.check_currency(currency), None, actor=self.actor)


def _price(amount: str, currency: str) -> Decimal:
    digits = minor_units(currency)
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]+)?", amount) or Decimal(amount) >= _MOST:
        raise InvalidInput(f"the price must be an amount like 299 or 299.50, got {amount!r}")
    if len(amount.partition(".")[2]) > digits:
        raise InvalidInput(f"the price {amount} has more than the {digits} decimals of {currency}")
    return Decimal(amount).quantize(Decimal(1).scaleb(-digits))
