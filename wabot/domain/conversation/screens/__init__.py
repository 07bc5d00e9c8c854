"""What each place of the conversation asks: a turn in, one reply out, nothing changed."""

from typing import assert_never

from wabot.domain.conversation.replies import Reply
from wabot.domain.conversation.screens import basket, catalogue, checkout, delivery, menu
from wabot.domain.conversation.states import (
    AskingPhone,
    AskingQuantity,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    Cancelling,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    OfferingResume,
    RemovingLine,
    ReviewingCart,
    TypingAddress,
)
from wabot.domain.conversation.turn import Turn


def question(turn: Turn) -> Reply:  # noqa: C901, PLR0912 - one line per state
    """Return what is asked where the conversation stands."""
    match turn.state:
        case AtMenu():
            return menu.main_menu(turn)
        case BrowsingCategories(page):
            return catalogue.categories(turn, page)
        case BrowsingProducts() as shown:
            return catalogue.products(turn, shown)
        case AskingQuantity(product_id):
            return basket.quantity(turn, product_id)
        case ReviewingCart():
            return basket.review(turn)
        case RemovingLine(page):
            return basket.lines(turn, page)
        case ChoosingDelivery(page):
            return delivery.choices(turn, page)
        case TypingAddress():
            return delivery.address()
        case AskingPhone():
            return delivery.phone()
        case Confirming(where):
            return checkout.summary(turn, where)
        case OfferingLocation(where):
            return delivery.offered_location(where)
        case Cancelling():
            return basket.cancelling(turn)
        case OfferingResume():
            return basket.resuming(turn)
        case _ as never:
            assert_never(never)
