"""The quantity of a product and the order in the making."""

from decimal import Decimal
from uuid import UUID

from wabot.domain.catalog import Product
from wabot.domain.conversation import options
from wabot.domain.conversation.paging import last_page, page_of
from wabot.domain.conversation.replies import (
    Buttons,
    Option,
    OptionGroup,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.conversation.screens.catalogue import price_of
from wabot.domain.conversation.screens.menu import to_catalog, to_menu, ways_on
from wabot.domain.conversation.turn import Turn
from wabot.domain.money import Money
from wabot.domain.order import OrderLine
from wabot.domain.quantity import steps_of

_BUTTONS = 3


def quantity(turn: Turn, product_id: UUID) -> Reply:
    """Ask how much of a product is wanted."""
    product = turn.shop.catalog.get(product_id)
    if product is None or not product.available:
        return Reply(Phrase("product.gone"), ways_on(to_catalog(), to_menu()))
    known = turn.cart.line(product_id)
    usual = usual_steps(turn, product)[: _BUTTONS - 1 if known else _BUTTONS]
    buttons = [_steps(product, steps) for steps in usual]
    price = price_of(turn, product)
    if known is None:
        text = Phrase(
            "quantity.ask",
            {"name": product.name, "price": price, "description": product.description},
        )
        return Reply(text, Buttons(tuple(buttons)))
    buttons.append(Option(options.remove(product_id), Phrase("option.remove")))
    text = Phrase(
        "quantity.ask_again",
        {"name": product.name, "price": price, "quantity": product.quantity(known.steps)},
    )
    return Reply(text, Buttons(tuple(buttons)))


def usual_steps(turn: Turn, product: Product) -> list[int]:
    """Return the usual quantities that can be sold, in steps; at least one."""
    wanted = (
        steps_of(Decimal(units), product.step)
        for units in dict.fromkeys(turn.shop.settings.usual_quantities)
    )
    fitting = [steps for steps in wanted if steps is not None and steps <= product.stock]
    return fitting or [product.stock]


def review(turn: Turn) -> Reply:
    """Show the order in the making and ask for more."""
    if not turn.lines:
        return Reply(Phrase("cart.empty"), ways_on(to_catalog(), to_menu()))
    return Reply(
        Phrase("cart.review", {"lines": line_phrases(turn.lines, turn), "total": turn.total}),
        Buttons(
            (
                Option(options.ADD_MORE, Phrase("option.add_more")),
                Option(options.FINISH, Phrase("option.finish")),
                Option(options.CHANGE_LINES, Phrase("option.change_lines")),
            )
        ),
    )


def lines(turn: Turn, page: int) -> Reply:
    """Ask which line to change or take out."""
    if not turn.lines:
        return review(turn)
    shown, more = page_of(turn.lines, page)
    rows = [
        Option(
            options.product(line.product_id),
            line.name,
            Phrase(
                "cart.line_row",
                {"quantity": line.quantity, "total": Money(line.total, turn.shop.currency)},
            ),
        )
        for line in shown
    ]
    if more:
        following = options.lines(min(page, last_page(turn.lines)) + 1)
        rows.append(Option(following, Phrase("option.more")))
    return Reply(
        Phrase("cart.which"), OptionList(Phrase("option.see_lines"), (OptionGroup(tuple(rows)),))
    )


def cancelling(turn: Turn) -> Reply:
    """Ask before an order in the making is dropped."""
    return Reply(
        Phrase("cancel.ask", {"lines": line_phrases(turn.lines, turn)}),
        Buttons(
            (
                Option(options.DROP_ORDER, Phrase("option.drop")),
                Option(options.KEEP_ORDER, Phrase("option.keep")),
            )
        ),
    )


def resuming(turn: Turn) -> Reply:
    """Offer the order that was left half made."""
    return Reply(
        Phrase("resume.ask", {"lines": line_phrases(turn.lines, turn), "total": turn.total}),
        Buttons(
            (
                Option(options.RESUME, Phrase("option.resume")),
                Option(options.START_ANEW, Phrase("option.anew")),
            )
        ),
    )


def line_phrases(order_lines: tuple[OrderLine, ...], turn: Turn) -> tuple[Phrase, ...]:
    """Return the lines of an order in words."""
    return tuple(_line(line, turn.shop.currency) for line in order_lines)


def _line(line: OrderLine, currency: str) -> Phrase:
    total = Money(line.total, currency)
    if line.note:
        return Phrase(
            "cart.line_with_note",
            {"name": line.name, "quantity": line.quantity, "total": total, "note": line.note},
        )
    return Phrase("cart.line", {"name": line.name, "quantity": line.quantity, "total": total})


def _steps(product: Product, steps: int) -> Option:
    title = Phrase("option.quantity", {"quantity": product.quantity(steps)})
    return Option(options.quantity(product.id, steps), title)
