"""Choosing products and quantities, and changing what was chosen."""

from dataclasses import replace
from uuid import UUID

from wabot.domain.catalog import Product
from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.moves import OFFER_PERSON_AT, ask, ask_again
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.screens.catalogue import entrance
from wabot.domain.conversation.states import (
    AskingQuantity,
    AtMenu,
    BrowsingProducts,
    Cancelling,
    Confirming,
    RemovingLine,
    ReviewingCart,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.amounts import (
    Amount,
    adds,
    amount_for,
    counts_pieces,
    only_counts,
    split_amount,
    units_of,
)
from wabot.domain.language.intents import Word, elsewhere
from wabot.domain.language.phrases import is_no, is_yes, wants_nothing
from wabot.domain.order import CartLine
from wabot.domain.quantity import steps_of


def choose(turn: Turn, product_id: UUID) -> Step:
    """Ask how much of a product is wanted."""
    product = turn.shop.catalog.get(product_id)
    if product is None:
        return ask(turn, entrance(turn), Phrase("product.gone"))
    if not product.available:
        return _sold_out(turn, product)
    return ask(turn, AskingQuantity(product_id))


def put_amount(turn: Turn, product: Product, amount: Amount, *, more: bool = False) -> Step:
    """Put a typed amount of a product into the cart, or say why it cannot be.

    `more` adds it to what is there already.
    """
    if not product.available:
        return _sold_out(turn, product)
    units = units_of(amount, product)
    known = turn.cart.line(product.id)
    if units and known is not None and more:
        units += known.steps * product.step
    if units == 0:
        if known is not None:
            return remove(turn, product.id)
        return ask(turn, AskingQuantity(product.id), _at_least(product))
    if units is None:
        return ask(turn, AskingQuantity(product.id), _sold_by(product))
    if units > product.stock * product.step:
        return ask(turn, AskingQuantity(product.id), _too_much(product))
    steps = steps_of(units, product.step)
    if steps is None:
        return ask(turn, AskingQuantity(product.id), _only_whole(product))
    return put_steps(turn, product.id, steps)


def ask_in_units(turn: Turn, product: Product) -> Step:
    """Ask how much is wanted of what is not sold by the piece."""
    if not product.available:
        return _sold_out(turn, product)
    return ask(turn, AskingQuantity(product.id), _sold_by(product))


def put_steps(turn: Turn, product_id: UUID, steps: int) -> Step:
    """Set how much of a product is wanted in all: the same tap twice changes nothing."""
    product = turn.shop.catalog.get(product_id)
    if product is None or not product.available:
        return choose(turn, product_id)
    if steps < 1:
        return ask(turn, AskingQuantity(product_id), _at_least(product))
    if steps > product.stock:
        return ask(turn, AskingQuantity(product_id), _too_much(product))
    known = turn.cart.line(product_id)
    line = CartLine(product_id, steps, note=known.note if known else "")
    quantity = product.quantity(steps)
    said = Phrase("cart.added", {"name": product.name, "quantity": quantity})
    if known is not None:
        said = Phrase("cart.changed", {"name": product.name, "quantity": quantity})
    filled = turn.having(cart=turn.cart.put(line))
    if filled.is_too_large:
        return ask(turn, AskingQuantity(product_id), Phrase("cart.too_large"))
    return go_on(_answered(filled, product_id), said)


def go_on(turn: Turn, *lead: Phrase) -> Step:
    """Ask for the next product of a list that was written at once, or show the cart."""
    if not turn.memory.pending:
        return ask(turn, ReviewingCart(), *lead)
    following, *rest = turn.memory.pending
    if isinstance(following, AskingQuantity):
        # It waits until it is answered, whatever else is asked for first.
        return ask(turn, following, *lead, Phrase("order.next"))
    return ask(turn.having(pending=tuple(rest)), following, *lead, Phrase("order.next"))


def _answered(turn: Turn, product_id: UUID) -> Turn:
    """Return the turn in which a product of a list is no longer to be asked for."""
    asked = AskingQuantity(product_id)
    return turn.having(pending=tuple(place for place in turn.memory.pending if place != asked))


def remove(turn: Turn, product_id: UUID) -> Step:
    """Take a product out of the cart."""
    if turn.cart.line(product_id) is None:
        return ask(turn, ReviewingCart(), Phrase("cart.not_in_it"))
    product = turn.shop.catalog.get(product_id)
    said = Phrase("cart.removed", {"name": product.name}) if product else Phrase("stock.withdrawn")
    return ask(turn.having(cart=turn.cart.without(product_id)), ReviewingCart(), said)


def review(turn: Turn) -> Step:
    """Show the cart."""
    return ask(turn, ReviewingCart())


def add_more(turn: Turn) -> Step:
    """Show the catalogue for one more product."""
    return ask(turn, entrance(turn))


def change_lines(turn: Turn, page: int = 0) -> Step:
    """Ask which line to change."""
    return ask(turn, RemovingLine(page))


def quantity_typed(turn: Turn, product_id: UUID, text: str) -> Step | None:
    """Read an answer to the question how much."""
    product = turn.shop.catalog.get(product_id)
    if product is None or not product.available:
        return None
    word = elsewhere(text)
    amount = amount_for(text, product) if word is not Word.THANKS else None
    counted, rest = split_amount(text)
    if counted is not None and (only_counts(rest) and amount is None):
        return ask_in_units(turn, product)
    if amount is not None and counts_pieces(amount, rest, product):
        return ask_in_units(turn, product)
    if amount is not None:
        return put_amount(turn, product, amount, more=adds(text))
    if word is Word.REMOVE and turn.cart.line(product_id) is not None:
        return remove(turn, product_id)
    if is_no(text):
        skipped = _answered(turn, product_id)
        has_more = skipped.lines or skipped.memory.pending
        return go_on(skipped) if has_more else ask(skipped, entrance(skipped))
    return None


def cancel(turn: Turn) -> Step:
    """Drop the order in the making after asking, or say that there is none."""
    if isinstance(turn.state, Cancelling):
        return drop(turn)
    if turn.lines:
        return ask(turn, Cancelling())
    emptied = turn.emptied
    newest = next((order for order in turn.customer.orders if order.is_open), None)
    if newest is not None:
        told = ask(emptied, AtMenu(), Phrase("cancel.placed", {"code": newest.code}))
        # A person was offered: a yes takes the offer.
        return replace(told, memory=replace(told.memory, misses=OFFER_PERSON_AT))
    if isinstance(turn.state, AtMenu):
        return ask(emptied, AtMenu(), Phrase("cancel.nothing"))
    return ask(emptied, AtMenu(), Phrase("cancel.left"))


def drop(turn: Turn) -> Step:
    """Empty the cart for good."""
    return ask(turn.emptied, AtMenu(), Phrase("cancel.done"))


def keep(turn: Turn) -> Step:
    """Go on with the order, where it had come to."""
    if turn.memory.delivery is not None:
        return ask(turn, Confirming(turn.memory.delivery))
    return ask(turn, ReviewingCart())


def cancelling_answered(turn: Turn, text: str) -> Step | None:
    """Read an answer to the question whether to drop the order."""
    word = elsewhere(text)
    if is_yes(text) or wants_nothing(text) or word is Word.DROP_ORDER:
        return drop(turn)
    if word is Word.START_ANEW:
        return ask(turn.emptied, entrance(turn.emptied), Phrase("resume.anew"))
    if is_no(text) or word in {Word.KEEP_ORDER, Word.RESUME}:
        return keep(turn)
    return None


def _sold_out(turn: Turn, product: Product) -> Step:
    lead = Phrase("stock.sold_out_today", {"name": product.name})
    if turn.lines and not isinstance(turn.state, BrowsingProducts):
        return ask_again(turn, lead)
    neighbours = [p for p in turn.shop.catalog.in_category(product.category) if p.available]
    if product.category and neighbours:
        return ask(turn, BrowsingProducts(category=product.category), lead)
    return ask(turn, entrance(turn), lead)


def _only_whole(product: Product) -> Phrase:
    if product.step == 1:
        return Phrase("quantity.whole", {"name": product.name, "unit": product.unit})
    return Phrase("quantity.multiple", {"name": product.name, "step": product.quantity(1)})


def _sold_by(product: Product) -> Phrase:
    return Phrase("quantity.sold_by", {"name": product.name, "unit": product.unit})


def _at_least(product: Product) -> Phrase:
    return Phrase("quantity.least", {"name": product.name, "least": product.quantity(1)})


def _too_much(product: Product) -> Phrase:
    left = product.quantity(product.stock)
    return Phrase("quantity.too_much", {"name": product.name, "left": left})
