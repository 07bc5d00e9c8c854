"""Where the order goes: saved addresses, typed ones, locations, pick-up; and the phone."""

from dataclasses import replace
from math import isfinite
from uuid import UUID

import phonenumbers

from wabot.domain.conversation.effects import Effect, SaveAddress, SavePhone, Step
from wabot.domain.conversation.events import ContactsShared, LocationShared
from wabot.domain.conversation.flows import ordering
from wabot.domain.conversation.moves import ask, ask_again, not_readable, not_understood
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.screens.delivery import saved_addresses
from wabot.domain.conversation.states import (
    AskingPhone,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    ReviewingCart,
    TypingAddress,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.addresses import (
    Reading,
    address_in,
    completes_address,
    has_number,
    may_be_address,
    names_street,
    read_address,
)
from wabot.domain.language.amounts import split_amount
from wabot.domain.language.intents import Word, elsewhere
from wabot.domain.language.phrases import is_no, is_yes
from wabot.domain.language.questions import is_question
from wabot.domain.language.search import asks_for_product, find
from wabot.domain.language.words import normalize, one_line
from wabot.domain.order import Delivery, DeliveryKind, coordinates

_MAX_ADDRESS = 500


def finish(turn: Turn) -> Step:
    """End the choosing: on to the address, or to the summary when it is known already."""
    turn = turn.having(pending=())
    if not turn.lines:
        return ask(turn, ReviewingCart())
    if turn.is_too_large:
        return ask(turn, ReviewingCart(), Phrase("cart.too_large"))
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


def use_primary(turn: Turn) -> Step:
    """Send the order where the last one went, or ask where that is."""
    addresses = saved_addresses(turn)
    return use_saved(turn, addresses[0].id) if addresses else type_new(turn)


def choice_typed(turn: Turn, text: str) -> Step | None:
    """Read an answer to the question where; an address may be typed right away."""
    match elsewhere(text):
        case Word.PICKUP:
            return pick_up(turn)
        case Word.SAVED_ADDRESS:
            return use_primary(turn)
        case Word.NEW_ADDRESS | Word.DELIVERY:
            return type_new(turn)
        case None:
            return _address(turn, text)
        case _:
            return None


def address_typed(turn: Turn, text: str) -> Step | None:
    """Read an address; pick-up is still possible, and whoever insists is asked."""
    word = elsewhere(text)
    if word is Word.PICKUP:
        return pick_up(turn)
    if word is Word.SAVED_ADDRESS and turn.customer.addresses:
        return use_primary(turn)
    if is_no(text):
        return choose(turn)
    if is_yes(text) or is_question(text) or word not in {None, Word.SAVED_ADDRESS}:
        return None
    step = _address(turn, text)
    if step is not None or _names_product(turn, text):
        return step
    if turn.memory.misses and may_be_address(text):
        return _offer(turn, text)
    return not_understood(turn, Phrase("delivery.too_short"))


def address_given(turn: Turn, text: str) -> Step | None:
    """Offer an address that came where none was asked; None for anything else."""
    if not (names_street(text) and has_number(text)) or read_address(text) is Reading.NO:
        return None
    if not turn.lines:
        return ask_again(turn, Phrase("delivery.location_for_later"))
    return _offer(turn, text)


def address_changed(turn: Turn, text: str) -> Step | None:
    """Offer an address typed at the summary in place of the one it shows, or as its rest."""
    whole = _completed(turn, turn.memory.delivery, text)
    if whole is not None:
        return ask(turn, OfferingLocation(whole))
    reading = _reading(turn, address_in(text))
    doubtful = reading is Reading.DOUBTFUL and names_street(text)
    return _offer(turn, text) if doubtful or reading is Reading.CERTAIN else None


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
    """Go on without the location that was offered; after a typed address ask where to."""
    typed = isinstance(turn.state, OfferingLocation) and turn.state.delivery.latitude is None
    if typed and turn.memory.delivery is None:
        return choose(turn)
    return ordering.keep(turn)


def location_answered(turn: Turn, text: str) -> Step | None:
    """Read an answer to the offer of a location."""
    if is_yes(text) or elsewhere(text) is Word.USE_LOCATION:
        return use_location(turn)
    if is_no(text):
        return ignore_location(turn)
    offered = turn.state.delivery if isinstance(turn.state, OfferingLocation) else None
    whole = _completed(turn, offered, text)
    return ask(turn, OfferingLocation(whole)) if whole else _address(turn, text)


def phone_typed(turn: Turn, where: Delivery, text: str) -> Step | None:
    """Read a phone number; whoever does not give one can order all the same."""
    number = _phone(text, turn.shop.country)
    if number is not None:
        return ask(turn, Confirming(where), effects=(SavePhone(number),))
    if is_question(text):
        return None
    return _without_phone(turn, where, text)


def _without_phone(turn: Turn, where: Delivery, text: str) -> Step:
    if is_no(text) or elsewhere(text) is Word.DECLINE_PHONE or turn.memory.misses:
        return ask(turn, Confirming(where), Phrase("delivery.without_phone"))
    return not_understood(turn, Phrase("delivery.bad_phone"))


def contacts_shared(turn: Turn, contacts: ContactsShared) -> Step:
    """Take the shared phone when it was asked for."""
    numbers = (_phone(phone, turn.shop.country) for phone in contacts.phones)
    number = next((number for number in numbers if number), None)
    if isinstance(turn.state, AskingPhone):
        if number is None:
            return _without_phone(turn, turn.state.delivery, "")
        return ask(turn, Confirming(turn.state.delivery), effects=(SavePhone(number),))
    if contacts.requested and number and not _has_phone(turn):
        return ask_again(turn, Phrase("delivery.phone_saved"), effects=(SavePhone(number),))
    return not_readable(turn, Phrase("media.contacts"))


def _completed(turn: Turn, begun: Delivery | None, text: str) -> Delivery | None:
    """Return the typed address with what a text adds to it, None when it adds nothing."""
    if begun is None or not begun.address or begun.latitude is not None:
        return None
    if not completes_address(text) or _names_product(turn, text):
        return None
    rest = one_line(text)
    if normalize(rest) in normalize(begun.address):
        return None
    return Delivery(DeliveryKind.DELIVERY, address=f"{begun.address}, {rest}"[:_MAX_ADDRESS])


def _address(turn: Turn, text: str) -> Step | None:
    """Take an address, ask about one in doubt; None when it is none."""
    match _reading(turn, text):
        case Reading.CERTAIN:
            return _new(turn, _typed(text))
        case Reading.DOUBTFUL:
            return _offer(turn, text)
        case Reading.NO:
            return None


def _reading(turn: Turn, text: str) -> Reading:
    """Read an address; what names a product («2 col», «Limón 15») is none, or in doubt."""
    reading = read_address(text)
    if reading is Reading.CERTAIN and _names_product(turn, text):
        amount, _ = split_amount(text)
        return Reading.DOUBTFUL if amount is None else Reading.NO
    return reading


def _names_product(turn: Turn, text: str) -> bool:
    catalog = turn.shop.catalog.products
    _, rest = split_amount(text)
    return asks_for_product(text) or bool(find(" ".join(rest), catalog).exact)


def _offer(turn: Turn, text: str) -> Step:
    return ask(turn, OfferingLocation(_typed(text)))


def _typed(text: str) -> Delivery:
    return Delivery(DeliveryKind.DELIVERY, address=address_in(text))


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
