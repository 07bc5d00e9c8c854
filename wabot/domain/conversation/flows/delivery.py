"""Where the order goes: saved addresses, typed ones, locations, pick-up; and the phone."""

from dataclasses import replace
from math import isfinite
from uuid import UUID

import phonenumbers

from wabot.domain.conversation.effects import Effect, SaveAddress, SavePhone, Step
from wabot.domain.conversation.events import ContactsShared, LocationShared
from wabot.domain.conversation.flows import ordering
from wabot.domain.conversation.moves import ask, ask_again, not_understood
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.states import (
    AskingPhone,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    ReviewingCart,
    TypingAddress,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.addresses import has_number, looks_like_address, on_one_line
from wabot.domain.language.intents import Word, elsewhere
from wabot.domain.language.phrases import is_no, is_yes
from wabot.domain.language.words import normalize, one_line
from wabot.domain.order import Delivery, DeliveryKind, coordinates

_MAX_ADDRESS = 500


def finish(turn: Turn) -> Step:
    """End the choosing: on to the address, or to the summary when it is known already."""
    if not turn.lines:
        return ask(turn, ReviewingCart())
    if turn.memory.delivery is not None:
        return ask(turn, Confirming(turn.memory.delivery))
    return choose(turn)


def choose(turn: Turn, page: int = 0, *lead: Phrase) -> Step:
    """Ask where the order goes; with nothing to choose from, ask for the address at once."""
    if turn.customer.addresses or turn.shop.settings.pickup:
        return ask(turn, ChoosingDelivery(page), *lead)
    return ask(turn, TypingAddress(), *lead)


def type_new(turn: Turn) -> Step:
    """Ask for a new address."""
    return ask(turn, TypingAddress())


def pick_up(turn: Turn) -> Step:
    """Let the customer fetch the order."""
    if not turn.shop.settings.pickup:
        return choose(turn, 0, Phrase("delivery.no_pickup"))
    return _settle(turn, Delivery(DeliveryKind.PICKUP))


def use_saved(turn: Turn, address_id: UUID | None) -> Step:
    """Send the order to a saved address."""
    saved = next((a for a in turn.customer.addresses if a.id == address_id), None)
    if saved is None:
        return choose(turn, 0, Phrase("delivery.address_gone"))
    where = Delivery(
        DeliveryKind.DELIVERY, saved.id, one_line(saved.text), saved.latitude, saved.longitude
    )
    return _settle(turn, where)


def choice_typed(turn: Turn, text: str) -> Step | None:
    """Read an answer to the question where; an address may be typed right away."""
    word = elsewhere(text)
    if word is Word.PICKUP:
        return pick_up(turn)
    if word in {Word.NEW_ADDRESS, Word.DELIVERY}:
        return type_new(turn)
    if word is None and has_number(text) and looks_like_address(text):
        return _typed(turn, text)
    return None


def address_typed(turn: Turn, text: str) -> Step | None:
    """Read an address; pick-up is still possible."""
    word = elsewhere(text)
    if word is Word.PICKUP:
        return pick_up(turn)
    if word is not None or is_yes(text):
        return None
    if is_no(text):
        return choose(turn)
    if not looks_like_address(text):
        return None if "?" in text else not_understood(turn, Phrase("delivery.too_short"))
    return _typed(turn, text)


def located(turn: Turn, pin: LocationShared) -> Step:
    """Take a location as the address where one is asked, offer it during an order."""
    if not _on_earth(pin):
        return not_understood(turn, Phrase("media.unreadable"))
    place = Delivery(
        DeliveryKind.DELIVERY,
        address=_place_name(pin),
        latitude=pin.latitude,
        longitude=pin.longitude,
    )
    if not turn.lines:
        return ask_again(turn, Phrase("delivery.location_for_later"))
    if isinstance(turn.state, ChoosingDelivery | TypingAddress):
        return _new(turn, place)
    return ask(turn, OfferingLocation(place))


def use_location(turn: Turn) -> Step | None:
    """Take the location that was offered."""
    if isinstance(turn.state, OfferingLocation):
        return _new(turn, turn.state.delivery)
    return None


def ignore_location(turn: Turn) -> Step:
    """Go on without the location that was offered."""
    return ordering.keep(turn)


def location_answered(turn: Turn, text: str) -> Step | None:
    """Read an answer to the offer of a location."""
    if is_yes(text) or elsewhere(text) is Word.USE_LOCATION:
        return use_location(turn)
    if is_no(text):
        return ignore_location(turn)
    return None


def phone_typed(turn: Turn, where: Delivery, text: str) -> Step:
    """Read a phone number; whoever does not give one can order all the same."""
    number = _phone(text, turn.shop.country)
    if number is not None:
        return ask(turn, Confirming(where), effects=(SavePhone(number),))
    if is_no(text) or elsewhere(text) is Word.DECLINE_PHONE or turn.memory.misses:
        return ask(turn, Confirming(where), Phrase("delivery.without_phone"))
    return not_understood(turn, Phrase("delivery.bad_phone"))


def contacts_shared(turn: Turn, contacts: ContactsShared) -> Step:
    """Take the shared phone when it was asked for."""
    numbers = (_phone(phone, turn.shop.country) for phone in contacts.phones)
    number = next((number for number in numbers if number), None)
    if isinstance(turn.state, AskingPhone):
        if number is None:
            return phone_typed(turn, turn.state.delivery, "")
        return ask(turn, Confirming(turn.state.delivery), effects=(SavePhone(number),))
    if contacts.requested and number and not _has_phone(turn):
        return ask_again(turn, Phrase("delivery.phone_saved"), effects=(SavePhone(number),))
    return not_understood(turn, Phrase("media.contacts"))


def _typed(turn: Turn, text: str) -> Step:
    return _new(turn, Delivery(DeliveryKind.DELIVERY, address=on_one_line(text)))


def _new(turn: Turn, where: Delivery) -> Step:
    """Take an address that may be a saved one in other words, else have it saved."""
    for saved in turn.customer.addresses:
        same_place = (saved.latitude, saved.longitude) == (where.latitude, where.longitude)
        if same_place and normalize(saved.text) == normalize(where.address):
            return _settle(turn, replace(where, address_id=saved.id))
    return _settle(turn, where, SaveAddress(where.address, where.latitude, where.longitude))


def _settle(turn: Turn, where: Delivery, *effects: Effect) -> Step:
    settled = turn.having(delivery=where)
    asks_phone = where.kind is DeliveryKind.DELIVERY and not _has_phone(turn)
    if asks_phone and turn.lines and not turn.memory.phone_asked:
        return ask(settled.having(phone_asked=True), AskingPhone(where), effects=effects)
    return ask(settled, Confirming(where), effects=effects)


def _has_phone(turn: Turn) -> bool:
    return bool(turn.customer.phone_number or turn.customer.wa_id)


def _on_earth(pin: LocationShared) -> bool:
    known = isfinite(pin.latitude) and isfinite(pin.longitude)
    return known and abs(pin.latitude) <= 90 and abs(pin.longitude) <= 180


def _place_name(pin: LocationShared) -> str:
    """Return the place's name and address, or the coordinates, which need no language."""
    named = dict.fromkeys(one_line(part) for part in (pin.name, pin.address))
    address = ", ".join(part for part in named if part)[:_MAX_ADDRESS]
    return address or coordinates(pin.latitude, pin.longitude)


def _phone(text: str, country: str) -> str | None:
    """Read a phone number of the shop's country, or an international one, as E.164."""
    try:
        number = phonenumbers.parse(text[:64], country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
