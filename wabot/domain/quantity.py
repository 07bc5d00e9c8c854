"""Quantities counted in whole steps of what is sold."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of steps of a unit: 3 steps of 0.25 kg are 0.75 kg."""

    steps: int
    step: Decimal
    unit: str

    @property
    def amount(self) -> Decimal:
        """Return the quantity in units."""
        return self.steps * self.step


def steps_of(amount: Decimal, step: Decimal) -> int | None:
    """Return how many whole steps make the amount; None when it is no positive multiple."""
    if amount <= 0 or amount % step:
        return None
    return int(amount / step)
