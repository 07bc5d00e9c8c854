"""Where the order goes, and whom to call about it."""

from wabot.domain.conversation import options
from wabot.domain.conversation.paging import ROWS, last_page, page_of
from wabot.domain.conversation.replies import (
    AskLocation,
    AskPhone,
    Buttons,
    Option,
    OptionGroup,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.customer import Address
from wabot.domain.language.words import one_line
from wabot.domain.order import Delivery, DeliveryKind, coordinates
from wabot.domain.shop import Shop


def choices(turn: Turn, page: int) -> Reply:
    """Offer the saved addresses, a new one and, if the shop does it, pick-up."""
    last = [Option(options.NEW_ADDRESS, Phrase("option.new_address"))]
    if turn.shop.settings.pickup:
        last.append(Option(options.PICKUP, Phrase("option.pickup"), _pickup_place(turn.shop)))
    saved = saved_addresses(turn)
    if not saved:
        last[0] = Option(options.NEW_ADDRESS, Phrase("option.to_my_home"))
        return Reply(Phrase("delivery.how"), Buttons(tuple(last)))
    rows_left = ROWS - len(last)
    shown, more = page_of(saved, page, rows_left)
    rows = [_saved(address) for address in shown]
    if more:
        following = options.addresses(min(page, last_page(saved, rows_left)) + 1)
        rows.append(Option(following, Phrase("option.more")))
    return Reply(
        Phrase("delivery.where"),
        OptionList(Phrase("option.see_addresses"), (OptionGroup((*rows, *last)),)),
    )


def address() -> Reply:
    """Ask for an address or a location."""
    return Reply(Phrase("delivery.type_address"), AskLocation())


def phone() -> Reply:
    """Ask for the phone of somebody known by user id only."""
    return Reply(Phrase("delivery.phone"), AskPhone())


def offered_location(where: Delivery) -> Reply:
    """Ask whether a location or an address that came unasked is the one."""
    typed = where.latitude is None
    asked = Phrase(
        "delivery.use_address" if typed else "delivery.use_location", {"address": where.address}
    )
    use = Phrase("option.use_address" if typed else "option.use_location")
    return Reply(
        asked,
        Buttons(
            (
                Option(options.USE_LOCATION, use),
                Option(options.IGNORE_LOCATION, Phrase("option.ignore_location")),
            )
        ),
    )


def in_words(where: Delivery, shop: Shop) -> Phrase:
    """Say how the order gets to the customer."""
    if where.kind is DeliveryKind.DELIVERY:
        if is_bare_pin(where.address, where.latitude, where.longitude):
            return Phrase("delivery.to_pin", {"coordinates": where.address})
        return Phrase("delivery.to", {"address": where.address})
    place = one_line(shop.settings.pickup_address)
    return Phrase("delivery.pickup_at", {"place": place}) if place else Phrase("delivery.pickup")


def payment(where: Delivery) -> Phrase:
    """Say how and when the order is paid."""
    delivered = where.kind is DeliveryKind.DELIVERY
    return Phrase("payment.on_delivery" if delivered else "payment.at_shop")


def is_bare_pin(address: str, latitude: float | None, longitude: float | None) -> bool:
    """Tell a location without a name from an address in words."""
    if latitude is None or longitude is None:
        return False
    return address == coordinates(latitude, longitude)


def saved_addresses(turn: Turn) -> list[Address]:
    """Return the saved addresses, the primary one first."""
    return sorted(turn.customer.addresses, key=lambda saved: not saved.is_primary)


def _saved(saved: Address) -> Option:
    address = one_line(saved.text)
    if is_bare_pin(address, saved.latitude, saved.longitude):
        return Option(options.address(saved.id), Phrase("option.pin"), address)
    return Option(options.address(saved.id), address)


def _pickup_place(shop: Shop) -> str:
    return one_line(shop.settings.pickup_address)
