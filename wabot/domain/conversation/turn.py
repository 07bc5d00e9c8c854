"""What a handler may look at and how it answers."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.states import State
from wabot.domain.customer import Customer
from wabot.domain.money import Money
from wabot.domain.order import MOST_TOTAL, Cart, OrderLine, price_cart, total_of
from wabot.domain.shop import Shop


@dataclass(frozen=True, slots=True)
class Turn:
    """One event's surroundings; `late` when it must not place an order by itself."""

    customer: Customer
    memory: Memory
    shop: Shop
    now: datetime
    late: bool = False

    @property
    def state(self) -> State:
        """Return where the conversation stands."""
        return self.memory.state

    @property
    def cart(self) -> Cart:
        """Return what was chosen so far."""
        return self.memory.cart

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """Return the cart at today's prices."""
        return price_cart(self.cart, self.shop.catalog, self.shop.currency)

    @property
    def total(self) -> Money:
        """Return what the cart costs."""
        return Money(total_of(self.lines), self.shop.currency)

    @property
    def is_too_large(self) -> bool:
        """Tell whether the cart costs more than an order may."""
        return self.total.amount > MOST_TOTAL

    @property
    def emptied(self) -> "Turn":
        """Return the turn without the order in the making."""
        return self.having(cart=Cart(), delivery=None, attachments=(), pending=())

    def having(self, **changes: Any) -> "Turn":
        """Return the turn with parts of its memory replaced."""
        return replace(self, memory=replace(self.memory, **changes))
