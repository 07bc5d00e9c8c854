"""The few ways in which a handler answers: ask the next question, say something, not understand."""

from dataclasses import replace

from wabot.domain.conversation.effects import Effect, Say, Step
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.conversation.screens import question
from wabot.domain.conversation.screens.checkout import fingerprint_of
from wabot.domain.conversation.screens.menu import to_catalog, to_menu, to_person, ways_on
from wabot.domain.conversation.states import (
    AskingPhone,
    Cancelling,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    OfferingResume,
    RemovingLine,
    ReviewingCart,
    State,
    TypingAddress,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.order import Cart

OFFER_PERSON_AT = 3

_NEEDS_CART = (
    RemovingLine,
    ChoosingDelivery,
    TypingAddress,
    AskingPhone,
    Confirming,
    OfferingLocation,
    Cancelling,
    OfferingResume,
)


def ask(turn: Turn, state: State, *lead: Phrase, effects: tuple[Effect, ...] = ()) -> Step:
    """Go to a place and ask what is asked there."""
    return _ask(turn.having(misses=0), state, lead, effects)


def ask_again(turn: Turn, *lead: Phrase, effects: tuple[Effect, ...] = ()) -> Step:
    """Stay and ask again."""
    return ask(turn, turn.state, *lead, effects=effects)


def say(turn: Turn, reply: Reply, *effects: Effect) -> Step:
    """Answer without asking; a summary shown before it no longer takes a typed yes."""
    return Step(turn.having(misses=0, state=unseen(turn.state)).memory, (*effects, Say(reply)))


def not_understood(
    turn: Turn, special: Phrase | None = None, effects: tuple[Effect, ...] = ()
) -> Step:
    """Say so and ask again; after repeated failures offer a person, every second time."""
    misses = turn.memory.misses + 1
    missed = turn.having(misses=misses)
    if offers_person(misses):
        unasked = missed.having(state=unseen(turn.state))
        return Step(unasked.memory, (*effects, Say(way_out(turn))))
    phrase = Phrase("miss.first") if misses == 1 else Phrase("miss.again")
    if special is not None and misses == 1:
        phrase = special
    return _ask(missed, turn.state, (phrase,), effects)


def not_readable(turn: Turn, why: Phrase) -> Step:
    """Say why something that is not text cannot be read, after however many failures."""
    missed = not_understood(turn, why)
    if turn.memory.misses == 0:
        return missed
    reply = missed.reply
    assert reply is not None, "who is not understood is told so"
    lead = reply.lead if offers_person(missed.memory.misses) else reply.lead[1:]
    return replace(missed, effects=(Say(replace(reply, lead=(why, *lead))),))


def offers_person(misses: int) -> bool:
    """Tell whether that many failures in a row end in the offer of a person."""
    return misses >= OFFER_PERSON_AT and misses % 2 == 1


def way_out(turn: Turn) -> Reply:
    """Return the offer of a person, or of another beginning where the shop has nobody to call."""
    if turn.shop.settings.adviser_phone or turn.shop.settings.owner_phone:
        return Reply(Phrase("miss.offer_person"), ways_on(to_person(), to_menu()))
    return Reply(Phrase("miss.offer_menu"), ways_on(to_catalog(), to_menu()))


def unseen(state: State) -> State:
    """Return the state after something else was said: a typed yes is no longer for the summary."""
    return replace(state, seen="") if isinstance(state, Confirming) else state


def reconciled(turn: Turn) -> tuple[Turn, tuple[Phrase, ...]]:
    """Bring the cart in line with what is for sale now, and say what changed."""
    lines, notices, gone = [], [], 0
    for line in turn.cart.lines:
        product = turn.shop.catalog.get(line.product_id)
        if product is None:
            gone += 1
        elif not product.available:
            notices.append(Phrase("stock.sold_out", {"name": product.name}))
        elif line.steps > product.stock:
            left = product.quantity(product.stock)
            notices.append(Phrase("stock.reduced", {"name": product.name, "quantity": left}))
            lines.append(replace(line, steps=product.stock))
        else:
            lines.append(line)
    if gone:
        notices.append(Phrase("stock.withdrawn"))
    return turn.having(cart=Cart(tuple(lines))), tuple(notices)


def _ask(turn: Turn, state: State, lead: tuple[Phrase, ...], effects: tuple[Effect, ...]) -> Step:
    notices: tuple[Phrase, ...] = ()
    if isinstance(state, (ReviewingCart, *_NEEDS_CART)):
        turn, notices = reconciled(turn)
    if isinstance(state, _NEEDS_CART) and not turn.lines:
        state = ReviewingCart()
    if isinstance(state, Confirming):
        state = replace(state, seen=fingerprint_of(turn, state.delivery))
    arrived = turn.having(state=state)
    reply = question(arrived)
    reply = replace(reply, lead=(*lead, *notices, *reply.lead))
    return Step(arrived.memory, (*effects, Say(reply)))
