"""Browsing and searching."""

from dataclasses import replace

from wabot.domain.catalog import Product
from wabot.domain.conversation.effects import NoteUnknown, Step
from wabot.domain.conversation.flows import features, ordering, questions
from wabot.domain.conversation.moves import ask, ask_again, not_understood
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.screens.catalogue import (
    category_by_fingerprint,
    entrance,
)
from wabot.domain.conversation.states import (
    AskingPhone,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    Cancelling,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    OfferingResume,
    TypingAddress,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.amounts import (
    Amount,
    adds,
    amount_after,
    amount_of,
    counts_pieces,
    only_counts,
    split_amount,
    units_of,
)
from wabot.domain.language.intents import elsewhere
from wabot.domain.language.phrases import left_out
from wabot.domain.language.questions import asks_how, is_about_service, is_question
from wabot.domain.language.search import (
    Found,
    as_asked,
    asks_for_product,
    begins_name,
    find,
    names_product,
    query_words,
    titles_with,
)
from wabot.domain.language.words import normalize, word_set
from wabot.domain.order import CartLine
from wabot.domain.plan import Feature

_CHECKOUT = (
    ChoosingDelivery,
    TypingAddress,
    AskingPhone,
    Confirming,
    OfferingLocation,
    Cancelling,
    OfferingResume,
)
_CHANGES = word_set(
    """
    cambiar cambia cambie cambiame cambiale quitar quita quite quiten quitame quitale elimina
    eliminar borra borrar corrige corregir modifica modificar
    """
)
_MAX_QUERY = 60
_MAX_PAGE = 999


def browse(turn: Turn, *lead: Phrase) -> Step:
    """Show the catalogue from its beginning."""
    return ask(turn, entrance(turn), *lead)


def start_order(turn: Turn) -> Step:
    """Show the catalogue to somebody who wants to order."""
    return browse(turn, Phrase("order.start"))


def next_page(turn: Turn) -> Step | None:
    """Turn the page of what is shown; the last one stays."""
    state = turn.state
    if not isinstance(state, BrowsingCategories | BrowsingProducts):
        return None
    return ask(turn, replace(state, page=min(state.page + 1, _MAX_PAGE)))


def show_categories(turn: Turn, page: int) -> Step:
    """Show a page of the categories."""
    return ask(turn, BrowsingCategories(page))


def show_products(turn: Turn, page: int, scope: str, mark: str) -> Step:
    """Show a page of products, as an option's id says."""
    if scope == "q":
        return ask(turn, BrowsingProducts(query=mark, page=page))
    if scope == "c":
        category = category_by_fingerprint(turn, mark)
        if category is None:
            return browse(turn, Phrase("catalog.category_gone"))
        return ask(turn, BrowsingProducts(category=category, page=page))
    return ask(turn, BrowsingProducts(others=scope == "o", page=page))


def search(turn: Turn, text: str) -> Step | None:
    """Look for a product in a text; None when the text is about something else."""
    if elsewhere(text) is not None and not find(text, turn.shop.catalog.products).exact:
        return None
    kept_out = _left_out(turn, text)
    if kept_out is not None:
        return kept_out
    category = _category_named(turn, text)
    if category is not None:
        return ask(turn, BrowsingProducts(category=category))
    found = find(text, turn.shop.catalog.products)
    amount, rest = split_amount(text)
    asked = text
    if amount is not None:
        # «2 kg de arroz»: the amount is set apart unless it belongs to the name («7 up»).
        named = " ".join(rest)
        without_amount = find(named, turn.shop.catalog.products)
        product = only_one(without_amount.exact, named, amount)
        if product is not None and not begins_name(text, product):
            return _take(turn, text, product, amount)
        if without_amount and not (found.exact and begins_name(text, found.exact[0])):
            found, asked = without_amount, named
    if found.exact and _leads(turn, text, found.exact):
        return _show_found(turn, text, asked, found)
    return (
        _of_those_shown(turn, text)
        or _line_named(turn, text)
        or _category_like(turn, text)
        or _withdrawn(turn, text)
        or (questions.answered(turn) if _is_for_shop(turn, text) else None)
        or (_show_found(turn, text, asked, found) if found and _may_leave(turn, text) else None)
        or _amount_alone(turn, amount, rest)
        or _missing(turn, text)
        or (questions.answered(turn) if is_question(text) else None)
    )


def _of_those_shown(turn: Turn, text: str) -> Step | None:
    """Choose among the products of a search by what tells them apart: «la de 600», «el de caja»."""
    if not isinstance(turn.state, BrowsingProducts) or not turn.state.query:
        return None
    catalog = turn.shop.catalog.products
    shown = find(turn.state.query, catalog).exact
    narrowed = find(f"{turn.state.query} {text}", catalog).exact
    return ordering.choose(turn, narrowed[0].id) if len(narrowed) == 1 < len(shown) else None


def _line_named(turn: Turn, text: str) -> Step | None:
    """Ask anew about a product of the cart that is to be changed: «cambia el jitomate»."""
    rest = [word for word in query_words(text) if word not in _CHANGES]
    if len(rest) == len(query_words(text)):
        return None
    chosen = [product for line in turn.cart.lines if (product := _product_of(turn, line))]
    found = find(" ".join(rest), chosen).exact
    return ordering.choose(turn, found[0].id) if len(found) == 1 else None


def _left_out(turn: Turn, text: str) -> Step | None:
    """Ask about what is to be out of the cart, or say that it is not in it: «pero sin coca»."""
    named = left_out(text)
    if not named or isinstance(turn.state, BrowsingProducts):
        return None
    found = find(named, turn.shop.catalog.products).exact
    chosen = [product for product in found if turn.cart.line(product.id) is not None]
    if len(chosen) == 1:
        return ordering.choose(turn, chosen[0].id)
    return ask_again(turn, Phrase("cart.not_in_it")) if found and not chosen else None


def _product_of(turn: Turn, line: CartLine) -> Product | None:
    return turn.shop.catalog.get(line.product_id)


def _leads(turn: Turn, text: str, found: tuple[Product, ...]) -> bool:
    """Tell whether a product was called by its name, as it must be to lead away from a checkout."""
    return _may_leave(turn, text) or any(names_product(text, product) for product in found)


def _amount_alone(turn: Turn, amount: Amount | None, rest: list[str]) -> Step | None:
    """Ask what an amount is of: «2 kg» beside the cart."""
    if amount is None or (rest and not only_counts(rest)) or not (turn.lines or amount.unit):
        return None
    if isinstance(turn.state, _CHECKOUT):
        return None
    return not_understood(turn, Phrase("quantity.of_what"))


def _category_like(turn: Turn, text: str) -> Step | None:
    """Show the category whose name bears the words, or all of them when several do."""
    if not _may_leave(turn, text):
        return None
    for_sale = [p for p in turn.shop.catalog.products if p.available]
    named = titles_with(text, tuple(dict.fromkeys(p.category for p in for_sale if p.category)))
    if len(named) == 1:
        return ask(turn, BrowsingProducts(category=named[0]))
    return ask(turn, BrowsingCategories()) if named else None


def _withdrawn(turn: Turn, text: str) -> Step | None:
    """Say that a product which is not for sale now is none today."""
    _, rest = split_amount(text)
    named = find(" ".join(rest), turn.shop.catalog.withdrawn).exact
    product = next((p for p in named if names_product(" ".join(rest), p)), None)
    if product is None:
        return None
    return _suggest(turn, Phrase("stock.not_today", {"name": product.name}))


def _is_for_shop(turn: Turn, text: str) -> bool:
    """Tell whether only the shop can answer: it is asked how it works, or anything at checkout."""
    if is_about_service(text):
        return is_question(text) or asks_for_product(text)
    if asks_for_product(text):
        return False
    return asks_how(text) or (is_question(text) and not _may_leave(turn, text))


def _may_leave(turn: Turn, text: str) -> bool:
    """Tell whether a product that is only similar may lead away from where we stand."""
    return asks_for_product(text) or not isinstance(turn.state, _CHECKOUT)


def only_one(found: tuple[Product, ...], named: str, amount: Amount) -> Product | None:
    """Return the product that is meant, if it is the only one, or the only one sold so."""
    if len(found) == 1:
        return found[0]
    fitting = [p for p in found if names_product(named, p) and units_of(amount, p) is not None]
    return fitting[0] if amount.unit and len(fitting) == 1 else None


def _take(turn: Turn, text: str, product: Product, amount: Amount) -> Step:
    """Put the amount into the cart if the product was called by its name, else ask about it."""
    _, named = split_amount(text)
    if counts_pieces(amount, named, product):
        return ordering.ask_in_units(turn, product)
    if names_product(" ".join(named), product):
        return _ordered_in_words(turn, text, product, amount_of(text, product) or amount)
    return ordering.choose(turn, product.id)


def _ordered_in_words(turn: Turn, text: str, product: Product, amount: Amount) -> Step:
    """Put a product and its amount into the cart at once, or begin with the product."""
    if turn.shop.offers(Feature.FREE_TEXT_ORDERS):
        return ordering.put_amount(turn, product, amount, more=adds(text))
    return features.saying_first(ordering.choose(turn, product.id), Phrase("feature.step_by_step"))


def _show_found(turn: Turn, text: str, named: str, found: Found) -> Step:
    if len(found.exact) == 1:
        product = found.exact[0]
        amount = amount_after(named, product)
        if amount is not None and names_product(named, product):
            return _ordered_in_words(turn, text, product, amount)
        return ordering.choose(turn, product.id)
    query = as_asked(text, named, turn.shop.catalog.products)
    return ask(turn, BrowsingProducts(query=query[:_MAX_QUERY].strip()))


def _missing(turn: Turn, text: str) -> Step | None:
    words = " ".join(query_words(text))[:_MAX_QUERY].strip()
    if not words or not asks_for_product(text):
        return None
    asked = as_asked(text, text, turn.shop.catalog.products)[:_MAX_QUERY].strip()
    step = _suggest(turn, Phrase("catalog.not_found", {"query": asked}))
    return replace(step, effects=(NoteUnknown(words), *step.effects))


def _suggest(turn: Turn, lead: Phrase) -> Step:
    if isinstance(turn.state, AtMenu | BrowsingCategories | BrowsingProducts):
        return browse(turn, lead)
    return ask_again(turn, lead)


def _category_named(turn: Turn, text: str) -> str | None:
    wanted = {normalize(text), " ".join(query_words(text))}
    names = turn.shop.catalog.categories()
    return next((name for name in names if normalize(name) in wanted - {""}), None)
