"""A cart from WhatsApp's own catalogue: the choice is the customer's, prices and stock are ours."""

from collections import Counter
from decimal import Decimal
from uuid import UUID

from wabot.domain.conversation.effects import Effect, NoteUnknown, Step
from wabot.domain.conversation.events import NativeCartReceived
from wabot.domain.conversation.moves import ask
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.states import ReviewingCart
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.words import one_line
from wabot.domain.money import Money
from wabot.domain.order import Cart, CartLine
from wabot.domain.quantity import Quantity

_MAX_NOTE = 200


def received(turn: Turn, happening: NativeCartReceived) -> Step:
    """Replace what came from an earlier native cart; say what differs from the customer's view."""
    wanted: Counter[UUID] = Counter()
    said: list[Phrase] = []
    unknown = 0
    for item in happening.lines:
        product = turn.shop.catalog.by_sku(item.retailer_id)
        if product is None:
            unknown += 1
            continue
        if item.quantity < 1:
            continue
        if not wanted[product.id] and item.item_price != product.price:
            price = Money(product.price, turn.shop.currency)
            said.append(Phrase("native.price", {"name": product.name, "price": price}))
        wanted[product.id] += item.quantity
    cart = Cart(tuple(line for line in turn.cart.lines if not line.native))
    for product_id, units in wanted.items():
        line, notice = _line(turn, product_id, units)
        said.extend([notice] if notice else [])
        cart = cart.put(line) if line else cart.without(product_id)
    if unknown:
        said.append(Phrase("native.unknown_one" if unknown == 1 else "native.unknown"))
    note = one_line(happening.text)[:_MAX_NOTE]
    noted: tuple[Effect, ...] = (NoteUnknown(note),) if note else ()
    return ask(
        turn.having(cart=cart), ReviewingCart(), Phrase("native.received"), *said, effects=noted
    )


def _line(turn: Turn, product_id: UUID, units: int) -> tuple[CartLine | None, Phrase | None]:
    product = turn.shop.catalog.get(product_id)
    if product is None or not product.available:
        name = product.name if product else ""
        return None, Phrase("stock.not_today", {"name": name})
    # WhatsApp counts units; what we sell in larger steps is rounded up, and that is said.
    whole, rest = divmod(Decimal(units), product.step)
    steps = int(whole) + (1 if rest else 0)
    if steps > product.stock:
        left = product.quantity(product.stock)
        notice = Phrase("stock.reduced", {"name": product.name, "quantity": left})
        return CartLine(product_id, product.stock, native=True), notice
    if steps * product.step != units:
        one = Quantity(1, product.step, product.unit)
        notice = Phrase("quantity.multiple", {"name": product.name, "step": one})
        return CartLine(product_id, steps, native=True), notice
    return CartLine(product_id, steps, native=True), None
