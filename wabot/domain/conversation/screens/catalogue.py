"""Categories and products to choose from."""

from wabot.domain.catalog import Product
from wabot.domain.conversation import options
from wabot.domain.conversation.paging import ROWS, last_page, page_of
from wabot.domain.conversation.replies import (
    Option,
    OptionGroup,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.conversation.screens.menu import to_catalog, to_menu, to_person, ways_on
from wabot.domain.conversation.states import BrowsingCategories, BrowsingProducts
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.search import find
from wabot.domain.language.words import normalize
from wabot.domain.money import Money

_FEW_PRODUCTS = 10
_MOST_SAID_BACK = 5


def entrance(turn: Turn) -> BrowsingCategories | BrowsingProducts:
    """Return where browsing begins: categories when there are many products, else all of them."""
    groups = _groups(turn)
    if sum(len(group) for _, group in groups) > _FEW_PRODUCTS and len(groups) > 1:
        return BrowsingCategories()
    return BrowsingProducts()


def categories(turn: Turn, page: int) -> Reply:
    """Offer the categories."""
    groups = _groups(turn)
    if not groups:
        return _empty()
    rows_left = _rows(turn)
    shown, more = page_of(groups, page, rows_left)
    rows = [_category(name, products) for name, products in shown]
    if more:
        rows.append(_more(options.categories(_page(groups, page, rows_left) + 1)))
    return Reply(
        Phrase("catalog.categories"),
        OptionList(Phrase("option.see_categories"), _closing(turn, rows)),
    )


def products(turn: Turn, shown: BrowsingProducts) -> Reply:
    """Offer products: of a category, of a search, or all."""
    heading, found = _what_is_shown(turn, shown)
    if not found and any(product.available for product in turn.shop.catalog.products):
        return Reply(Phrase("catalog.nothing_here"), ways_on(to_catalog(), to_menu()))
    if not found:
        return _empty()
    rows_left = _rows(turn)
    visible, more = page_of(found, shown.page, rows_left)
    rows = [_product(turn, product) for product in visible]
    if more:
        following = options.products(
            page=_page(found, shown.page, rows_left) + 1,
            category=shown.category,
            query=shown.query,
            others=shown.others,
        )
        rows.append(_more(following))
    return Reply(heading, OptionList(Phrase("option.see_products"), _closing(turn, rows)))


def category_by_fingerprint(turn: Turn, mark: str) -> str | None:
    """Return the category that an option's id means."""
    names = (name for name, _ in _groups(turn))
    return next((name for name in names if name and options.fingerprint(name) == mark), None)


def _what_is_shown(turn: Turn, shown: BrowsingProducts) -> tuple[Phrase, tuple[Product, ...]]:
    """Return heading and products of a place; only a search shows what is sold out."""
    catalog = turn.shop.catalog
    if shown.query:
        found = find(shown.query, catalog.products)
        if len(shown.query.split()) > _MOST_SAID_BACK:
            return Phrase("catalog.maybe"), found.all
        if found.close:
            return Phrase("catalog.similar", {"query": shown.query}), found.close
        return Phrase("catalog.found", {"query": shown.query}), found.all
    for_sale = tuple(product for product in catalog.products if product.available)
    if shown.others:
        uncategorised = tuple(product for product in for_sale if not _category_of(product))
        return Phrase("catalog.products"), uncategorised
    if shown.category:
        of_it = tuple(product for product in for_sale if _category_of(product) == shown.category)
        return Phrase("catalog.of_category", {"category": shown.category}), of_it
    return Phrase("catalog.products"), for_sale


def _groups(turn: Turn) -> list[tuple[str, list[Product]]]:
    """Return what can be bought by category, in the shop's order; without category last."""
    groups: dict[str, list[Product]] = {}
    for product in turn.shop.catalog.products:
        if product.available:
            groups.setdefault(_category_of(product), []).append(product)
    uncategorised = groups.pop("", None)
    listed = list(groups.items())
    return [*listed, ("", uncategorised)] if uncategorised else listed


def _category_of(product: Product) -> str:
    return product.category if normalize(product.category) else ""


def _category(name: str, products_in_it: list[Product]) -> Option:
    count = len(products_in_it)
    described = (
        Phrase("catalog.count_one") if count == 1 else Phrase("catalog.count", {"count": count})
    )
    if not name:
        return Option(options.products(others=True), Phrase("option.others"), described)
    return Option(options.products(category=name), name, described)


def _product(turn: Turn, product: Product) -> Option:
    if not product.available:
        return Option(options.product(product.id), product.name, Phrase("product.sold_out_row"))
    return Option(options.product(product.id), product.name, price_of(turn, product))


def price_of(turn: Turn, product: Product) -> Phrase:
    """Return price and unit in words."""
    price = Money(product.price, turn.shop.currency)
    return Phrase("product.price", {"price": price, "unit": product.unit})


def _rows(turn: Turn) -> int:
    """Return how many rows are left for the catalogue: a cart takes one to finish the order."""
    return ROWS - 1 if turn.lines else ROWS


def _closing(turn: Turn, rows: list[Option]) -> tuple[OptionGroup, ...]:
    if turn.lines:
        rows = [*rows, Option(options.FINISH, Phrase("option.finish_order"))]
    return (OptionGroup(tuple(rows)),)


def _page(
    items: tuple[Product, ...] | list[tuple[str, list[Product]]], page: int, rows: int
) -> int:
    return min(page, last_page(items, rows))


def _more(option_id: str) -> Option:
    return Option(option_id, Phrase("option.more"))


def _empty() -> Reply:
    return Reply(Phrase("catalog.empty"), ways_on(to_person(), to_menu()))
