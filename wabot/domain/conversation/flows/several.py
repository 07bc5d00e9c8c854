"""Several products in one text: what was understood is taken, the rest asked for in one go."""

import re

from wabot.domain.catalog import Product
from wabot.domain.conversation.effects import NoteUnknown, Step
from wabot.domain.conversation.flows import features
from wabot.domain.conversation.flows.catalogue import only_one
from wabot.domain.conversation.moves import ask, ask_again
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.states import (
    AskingQuantity,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    ReviewingCart,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.amounts import (
    Amount,
    amount_after,
    amount_for,
    amount_of,
    counts_pieces,
    split_amount,
    units_of,
)
from wabot.domain.language.search import begins_name, find, names_product, query_words
from wabot.domain.language.words import one_line
from wabot.domain.order import CartLine
from wabot.domain.plan import Feature
from wabot.domain.quantity import steps_of

_PLACES = (AtMenu, BrowsingCategories, BrowsingProducts, AskingQuantity, ReviewingCart)
_LINES = re.compile(r"[\n;]+")
_PARTS = re.compile(r"[\n;,]+|\s+y\s+", re.IGNORECASE)
_MOST = 30
_MAX_TOLD = 200

Wanted = tuple[Product, int]


def received(turn: Turn, text: str) -> Step | None:
    """Put what a list asks for into the cart; None for a text that is none.

    A list is what people write line by line, or with commas and «y» where every part names a
    product and how much of it.
    """
    if not isinstance(turn.state, _PLACES):
        return None
    lines = _split(_LINES, text)
    if len(lines) > 1:
        taken, left = _read(turn, lines)
        if len(taken) > 1 or (taken and left and all(_names_something(turn, p) for p in left)):
            return _put(turn, taken, left)
    parts = _split(_PARTS, text)
    if len(parts) > 1:
        taken, left = _read(turn, parts)
        if len(taken) == len(parts):
            return _put(turn, taken, left)
    return None


def _split(where: re.Pattern[str], text: str) -> list[str]:
    return [part for part in map(one_line, where.split(text)) if part][:_MOST]


def _read(turn: Turn, parts: list[str]) -> tuple[list[Wanted], list[str]]:
    """Return what can be taken, and the parts that say something else."""
    taken: list[Wanted] = []
    left = []
    for part in parts:
        wanted = _wanted(turn, part)
        if wanted is not None and all(product.id != wanted[0].id for product, _ in taken):
            taken.append(wanted)
        elif query_words(part) or split_amount(part)[0] is not None:
            left.append(part)
    return taken, left


def _wanted(turn: Turn, part: str) -> Wanted | None:
    """Return which product a part names and how many steps of it, if both are certain."""
    named = _named(turn, part)
    if named is None:
        return None
    product, amount = named
    units = units_of(amount, product)
    if not product.available or not units or units > product.stock * product.step:
        return None
    steps = steps_of(units, product.step)
    return (product, steps) if steps else None


def _named(turn: Turn, part: str) -> tuple[Product, Amount] | None:
    products = turn.shop.catalog.products
    amount, rest = split_amount(part)
    if amount is None:
        found = find(part, products).exact
        after = amount_after(part, found[0]) if len(found) == 1 else None
        return (found[0], after) if after and names_product(part, found[0]) else None
    if isinstance(turn.state, AskingQuantity):
        asked = turn.shop.catalog.get(turn.state.product_id)
        answer = amount_for(part, asked) if asked else None
        if asked and answer and not counts_pieces(answer, rest, asked):
            return asked, answer
    words = " ".join(rest)
    product = only_one(find(words, products).exact, words, amount)
    if product is None or not names_product(words, product) or begins_name(part, product):
        return None
    if counts_pieces(amount, rest, product):
        return None
    return product, amount_of(part, product) or amount


def _names_something(turn: Turn, part: str) -> bool:
    _, rest = split_amount(part)
    return bool(find(" ".join(rest), turn.shop.catalog.products))


def _put(turn: Turn, taken: list[Wanted], left: list[str]) -> Step:
    if not turn.shop.offers(Feature.FREE_TEXT_ORDERS):
        first = ask(turn, AskingQuantity(taken[0][0].id))
        return features.saying_first(first, Phrase("feature.step_by_step"))
    cart = turn.cart
    for product, steps in taken:
        known = cart.line(product.id)
        cart = cart.put(CartLine(product.id, steps, note=known.note if known else ""))
    filled = turn.having(cart=cart)
    if filled.is_too_large:
        return ask_again(turn, Phrase("cart.too_large"))
    said = [Phrase("cart.noted")]
    if left:
        words = ", ".join(f"«{part}»" for part in left)
        said.append(Phrase("cart.unclear", {"words": words[:_MAX_TOLD]}))
    unknown = [" ".join(query_words(p)) for p in left if not _names_something(turn, p)]
    noted = tuple(NoteUnknown(words[:60]) for words in unknown if words)
    return ask(filled, ReviewingCart(), *said, effects=noted)
