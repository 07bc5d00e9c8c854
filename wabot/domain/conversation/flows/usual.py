"""«Lo de siempre»: the last order again, at today's prices."""

from dataclasses import replace

from wabot.domain.catalog import Product
from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.moves import ask
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.screens.catalogue import entrance
from wabot.domain.conversation.states import ReviewingCart
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.words import normalize
from wabot.domain.order import CANCELLED_STATUS, Cart, CartLine, Order, OrderLine
from wabot.domain.quantity import steps_of


def rebuild(turn: Turn) -> Step:
    """Put the last order's products into the cart and say what is out today."""
    last = _last_order(turn)
    if last is None:
        return ask(turn, entrance(turn), Phrase("usual.none"))
    cart, said = turn.cart, []
    found = False
    for line in last.lines:
        again, notice = _line_again(turn, line)
        if notice is not None:
            said.append(notice)
        if again is not None:
            cart, found = _with(cart, again), True
    if not found:
        return ask(turn, entrance(turn), Phrase("usual.all_out"), *said)
    return ask(turn.having(cart=cart), ReviewingCart(), Phrase("usual.rebuilt"), *said)


def _last_order(turn: Turn) -> Order | None:
    orders = [order for order in turn.customer.orders if order.lines]
    kept = [order for order in orders if order.status != CANCELLED_STATUS]
    return next(iter(kept or orders), None)


def _line_again(turn: Turn, line: OrderLine) -> tuple[CartLine | None, Phrase | None]:
    product = _product_of(turn, line)
    if product is None or not product.available:
        return None, Phrase("stock.not_today", {"name": line.name})
    # The shop may sell it in other steps by now; the nearest whole number that does not exceed.
    step = product.step
    steps = steps_of(line.quantity.amount, step) or max(int(line.quantity.amount // step), 1)
    if line.quantity.unit != product.unit:
        steps = line.quantity.steps
    if steps > product.stock:
        left = product.quantity(product.stock)
        notice = Phrase("stock.reduced", {"name": product.name, "quantity": left})
        return CartLine(product.id, product.stock, line.note), notice
    return CartLine(product.id, steps, line.note), None


def _product_of(turn: Turn, line: OrderLine) -> Product | None:
    catalog = turn.shop.catalog
    known = catalog.get(line.product_id)
    if known is not None:
        return known
    # Taken out and entered anew: the same name is the same product to the customer.
    name = normalize(line.name)
    return next((p for p in catalog.products if normalize(p.name) == name), None)


def _with(cart: Cart, line: CartLine) -> Cart:
    """Add a line; what the customer chose already today counts more than last time."""
    if cart.line(line.product_id) is not None:
        return cart
    return cart.put(replace(line, native=False))
