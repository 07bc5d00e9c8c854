"""Several products in one text: what was understood is taken, the rest asked for in one go."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from wabot.domain.catalog import Product
from wabot.domain.conversation.effects import NoteUnknown, Step
from wabot.domain.conversation.flows import ordering
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
    adds,
    amount_after,
    amount_for,
    amount_of,
    counts_pieces,
    split_amount,
    units_of,
)
from wabot.domain.language.intents import Word, elsewhere
from wabot.domain.language.search import (
    as_asked,
    begins_name,
    find,
    names_product,
    query_words,
)
from wabot.domain.language.words import one_line
from wabot.domain.order import CartLine
from wabot.domain.plan import Feature
from wabot.domain.quantity import steps_of

_PLACES = (AtMenu, BrowsingCategories, BrowsingProducts, AskingQuantity, ReviewingCart)
_LINES = re.compile(r"[\n;]+")
_PARTS = re.compile(r"[\n;]+|(?<!\d),|,(?!\d)|\s+y\s+", re.IGNORECASE)
_HALF = re.compile(r"(medi[oa]|cuarto|tres cuartos|[¼½¾]|[13]/[24])\b|[¼½¾]", re.IGNORECASE)
_TENS = re.compile(r"(treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa)$", re.IGNORECASE)
_MOST = 30
_MAX_TOLD = 200
_MAX_QUERY = 60


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a list; how many steps of which product, where both are certain.

    A `joined` one bears several amounts of it; where it is not certain, nobody knows whether they
    add up or one was a slip.
    """

    text: str
    product: Product | None = None
    steps: int = 0
    joined: bool = False

    @property
    def is_certain(self) -> bool:
        return self.steps > 0


def received(turn: Turn, text: str) -> Step | None:
    """Put what a list asks for into the cart; None for a text that is none.

    A list is what people write line by line, or with commas and «y»; courtesy around it
    («buenas, …», «…, por favor») is no part of it.
    """
    if not isinstance(turn.state, _PLACES):
        return None
    lines, listed = _split(_LINES, text), _rejoined(turn, _split(_PARTS, text))
    parts = _read(turn, lines, _corrected)
    if len(lines) > 1 and _is_list(turn, text, parts):
        return _put(turn, parts)
    parts = _read(turn, listed, _said_twice)
    if (len(listed) > 1 or any(part.joined for part in parts)) and _is_list(turn, text, parts):
        return _put(turn, parts)
    return None


def _split(where: re.Pattern[str], text: str) -> list[str]:
    return [part for part in map(one_line, where.split(text)) if part][:_MOST]


def _rejoined(turn: Turn, parts: list[str]) -> list[str]:
    """Put together again what is one number: «kilo | medio de jitomate», «treinta | dos»."""
    joined: list[str] = []
    for part in parts:
        before = joined[-1] if joined else ""
        half = _HALF.match(part) and (_is_amount(part) or _is_amount(before))
        whole = half or _is_one_amount(before, part)
        if before and (whole or _TENS.search(before) or _begins(turn, before)):
            joined[-1] = f"{before} y {part}"
        else:
            joined.append(part)
    return joined


def _begins(turn: Turn, part: str) -> bool:
    """Tell whether a part is an amount that waits for its product."""
    return _is_amount(part) and not isinstance(turn.state, AskingQuantity)


def _is_one_amount(before: str, part: str) -> bool:
    """Tell whether two parts are one amount: «1 kg | 500 g de jitomate»."""
    if not _is_amount(before):
        return False
    _, rest = split_amount(f"{before} y {part}")
    return rest[:1] != ["y"]


def _is_amount(part: str) -> bool:
    amount, rest = split_amount(part)
    return amount is not None and not rest


def _is_list(turn: Turn, text: str, parts: list[_Part]) -> bool:
    taken = [part for part in parts if part.is_certain]
    left = [part for part in parts if not part.is_certain]
    if not taken and any(part.joined for part in left):
        return all(_is_wanted(turn, part) for part in left)
    if not taken:
        # «leche, pan y huevo»; a product's own name may bear an «y».
        catalog = turn.shop.catalog.products
        known = [part for part in left if part.product or find(part.text, catalog).exact]
        return 1 < len(known) == len(left) and not find(text, catalog).exact
    if isinstance(turn.state, AskingQuantity) and len(parts) == 1 and not parts[0].joined:
        return False
    return len(taken) > 1 or all(_is_wanted(turn, part) for part in left)


def _read(turn: Turn, texts: list[str], again: Callable[[_Part, _Part], _Part]) -> list[_Part]:
    """Return the parts that say something; `again` makes one of two about the same product."""
    read: dict[object, _Part] = {}
    for text in texts:
        if _is_courtesy(text):
            continue
        part = _part(turn, text)
        key = part.product.id if part.product and (part.is_certain or part.joined) else text
        before = read.pop(key, None)
        if before is not None and before.product is not None:
            part = _on_top(turn, before, part) or again(before, part)
        read[key] = part
    return list(read.values())


def _on_top(turn: Turn, before: _Part, part: _Part) -> _Part | None:
    """Return both together where the later one says so: «2 leches, 1 leche más»."""
    if not (before.is_certain and part.is_certain and part.product and adds(part.text)):
        return None
    in_cart = turn.cart.line(part.product.id)
    # What adds was read as coming on top of the cart.
    steps = before.steps + part.steps - (in_cart.steps if in_cart else 0)
    text = f"{before.text} y {part.text}"
    return _Part(text, part.product, steps if steps <= part.product.stock else 0, joined=True)


def _corrected(_before: _Part, part: _Part) -> _Part:
    """Let a later line count in place of an earlier one."""
    return part


def _said_twice(before: _Part, part: _Part) -> _Part:
    """Keep what is said twice in a line as one doubt."""
    return _Part(f"{before.text} y {part.text}", part.product, joined=True)


def _is_courtesy(text: str) -> bool:
    if elsewhere(text) in {Word.GREETING, Word.THANKS}:
        return True
    return not query_words(text) and split_amount(text)[0] is None


def _part(turn: Turn, text: str) -> _Part:
    """Return what a part asks for, as far as it is certain."""
    product, amount = _named(turn, text)
    if product is None or amount is None:
        return _Part(text, product, joined=product is not None and _names_two(text, product))
    units = units_of(amount, product)
    steps = steps_of(units, product.step) if units else None
    known = turn.cart.line(product.id)
    if steps and known and adds(text):
        steps += known.steps
    if not steps or steps > product.stock:
        return _Part(text, product)
    return _Part(text, product, steps)


def _names_two(text: str, product: Product) -> bool:
    """Tell whether the text names two amounts of the product: «1 kg y 1 kg de jitomate»."""
    amount, _ = split_amount(text)
    return amount is not None and bool(_second(text)) and units_of(amount, product) is not None


def _second(text: str) -> str:
    """Return the text from its second amount on, if it begins with two."""
    _, rest = split_amount(text)
    second = " ".join(rest[1:]) if rest[:1] == ["y"] else ""
    return second if split_amount(second)[0] is not None else ""


def _named(turn: Turn, part: str) -> tuple[Product | None, Amount | None]:
    """Return the one product that a part names, and the amount if it says one."""
    products = turn.shop.catalog.products
    amount, rest = split_amount(part)
    if amount is None:
        found = find(part, products).exact
        if len(found) != 1 or not names_product(part, found[0]):
            return None, None
        return found[0], amount_after(part, found[0])
    if isinstance(turn.state, AskingQuantity):
        asked = turn.shop.catalog.get(turn.state.product_id)
        answer = amount_for(part, asked) if asked else None
        if asked and answer and not counts_pieces(answer, rest, asked):
            return asked, answer
    second = _second(part)
    words = " ".join(split_amount(second)[1] if second else rest)
    product = only_one(find(words, products).exact, words, amount)
    if product is None or not names_product(words, product) or begins_name(part, product):
        return None, None
    if second or counts_pieces(amount, rest, product):
        return product, None
    return product, amount_of(part, product) or amount


def _is_wanted(turn: Turn, part: _Part) -> bool:
    """Tell whether a part asks for something: by an amount, or by what the shop has."""
    return split_amount(part.text)[0] is not None or _finds_something(turn, part)


def _finds_something(turn: Turn, part: _Part) -> bool:
    _, rest = split_amount(part.text)
    return bool(find(" ".join(rest), turn.shop.catalog.products))


def _put(turn: Turn, parts: list[_Part]) -> Step:
    taken = [part for part in parts if part.is_certain]
    if not taken or not turn.shop.offers(Feature.FREE_TEXT_ORDERS):
        return _one_by_one(turn, parts)
    left = [part for part in parts if not part.is_certain]
    if len(parts) == 1 and taken[0].product:
        return ordering.put_steps(turn, taken[0].product.id, taken[0].steps)
    cart = turn.cart
    for part in taken:
        if part.product:
            known = cart.line(part.product.id)
            note = known.note if known else ""
            cart = cart.put(CartLine(part.product.id, part.steps, note=note))
    answered = {AskingQuantity(part.product.id) for part in taken if part.product}
    waiting = tuple(place for place in turn.memory.pending if place not in answered)
    filled = turn.having(cart=cart, pending=waiting)
    if filled.is_too_large:
        return ask_again(turn, Phrase("cart.too_large"))
    said = (Phrase("cart.noted"), *_unclear(left))
    step = ordering.go_on(filled, *said)
    return replace(step, effects=(*_unknown(turn, left), *step.effects))


def _one_by_one(turn: Turn, parts: list[_Part]) -> Step:
    """Ask for the products of a list in turn; what the shop does not know is said at once."""
    places, names, unclear = [], [], []
    for part in parts:
        place = _place(turn, part)
        if place is None:
            unclear.append(part)
        elif place not in places:
            places.append(place)
            names.append(part.product.name if part.product else f"«{part.text}»")
    first, *rest = places
    said = Phrase("feature.step_by_step")
    if rest:
        said = Phrase("order.one_by_one", {"names": ", ".join(names[1:])[:_MAX_TOLD]})
    waits = places if isinstance(first, AskingQuantity) else rest
    waiting = turn.having(pending=tuple(dict.fromkeys((*waits, *turn.memory.pending))))
    return ask(waiting, first, said, *_unclear(unclear), effects=_unknown(turn, unclear))


def _place(turn: Turn, part: _Part) -> AskingQuantity | BrowsingProducts | None:
    """Return where a part is asked for; None where nothing is known of it."""
    if part.product is not None and part.product.available:
        return AskingQuantity(part.product.id)
    _, rest = split_amount(part.text)
    found = find(" ".join(rest), turn.shop.catalog.products)
    query = as_asked(part.text, " ".join(rest), turn.shop.catalog.products)[:_MAX_QUERY].strip()
    return BrowsingProducts(query=query) if any(p.available for p in found.all) else None


def _unclear(parts: list[_Part]) -> tuple[Phrase, ...]:
    words = ", ".join(f"«{part.text}»" for part in parts)
    return (Phrase("cart.unclear", {"words": words[:_MAX_TOLD]}),) if words else ()


def _unknown(turn: Turn, parts: list[_Part]) -> tuple[NoteUnknown, ...]:
    unknown = [" ".join(query_words(p.text)) for p in parts if not _finds_something(turn, p)]
    return tuple(NoteUnknown(words[:60]) for words in unknown if words)
