"""The places where a conversation can stand; each holds only what it needs there."""

from dataclasses import dataclass
from uuid import UUID

from wabot.domain.order import Delivery


@dataclass(frozen=True, slots=True)
class AtMenu:
    """Nothing is asked; the main menu was the last thing shown, or nothing yet."""


@dataclass(frozen=True, slots=True)
class BrowsingCategories:
    """The categories are shown."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class BrowsingProducts:
    """Products are shown: of a category, of a search, or all of them (both empty).

    `others` shows the products without a category.
    """

    category: str = ""
    query: str = ""
    page: int = 0
    others: bool = False


@dataclass(frozen=True, slots=True)
class AskingQuantity:
    """How much of the product is asked."""

    product_id: UUID


@dataclass(frozen=True, slots=True)
class ReviewingCart:
    """The cart is shown: add more, finish, or take something out."""


@dataclass(frozen=True, slots=True)
class RemovingLine:
    """Which line to take out or change is asked."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class ChoosingDelivery:
    """Saved addresses, a new one or pick-up are offered."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class TypingAddress:
    """An address or a location pin is awaited."""


@dataclass(frozen=True, slots=True)
class AskingPhone:
    """The phone of a customer known by user id only is awaited, for the delivery."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Confirming:
    """The summary is shown and an explicit yes awaited.

    `seen` is the fingerprint of the order that was shown; empty when something else was said
    since, so that a yes cannot be meant for it.
    """

    delivery: Delivery
    seen: str = ""


@dataclass(frozen=True, slots=True)
class OfferingLocation:
    """A location came unasked in the middle of an order: is it the address?"""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Cancelling:
    """Whether to drop the order in the making is asked."""


@dataclass(frozen=True, slots=True)
class OfferingResume:
    """A draft from an expired session is offered: go on or start anew."""


State = (
    AtMenu
    | BrowsingCategories
    | BrowsingProducts
    | AskingQuantity
    | ReviewingCart
    | RemovingLine
    | ChoosingDelivery
    | TypingAddress
    | AskingPhone
    | Confirming
    | OfferingLocation
    | Cancelling
    | OfferingResume
)
