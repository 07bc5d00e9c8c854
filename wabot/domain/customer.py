"""Who buys, as a conversation needs to know them."""

from dataclasses import dataclass
from uuid import UUID

from wabot.domain.order import Order


@dataclass(frozen=True, slots=True)
class Address:
    """A saved address; a shared location carries coordinates."""

    id: UUID
    text: str
    is_primary: bool = False
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of one shop; `orders` are the latest ones, newest first.

    `phone_number` is empty for username users who never shared it. `wa_id` is what WhatsApp calls
    them, empty for those known by user id only.
    """

    id: UUID
    name: str = ""
    wa_id: str = ""
    phone_number: str = ""
    addresses: tuple[Address, ...] = ()
    orders: tuple[Order, ...] = ()
    is_new: bool = False
