"""From the summary to the order: nothing is ordered without an explicit yes to what was shown."""

from dataclasses import replace

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import Effect, Notify, PlaceOrder, Role, Say, Step
from wabot.domain.conversation.events import OrderPlaced, OrderShort
from wabot.domain.conversation.flows import delivery, notices, status
from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.moves import ask, reconciled, say
from wabot.domain.conversation.replies import Option, Outline, Phrase, Reply
from wabot.domain.conversation.screens.basket import line_phrases
from wabot.domain.conversation.screens.catalogue import entrance
from wabot.domain.conversation.screens.checkout import draft_of, fingerprint_of, what_to_change
from wabot.domain.conversation.screens.delivery import in_words, payment
from wabot.domain.conversation.screens.menu import to_menu, ways_on
from wabot.domain.conversation.states import AtMenu, Confirming, ReviewingCart
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.intents import Word, anywhere, elsewhere
from wabot.domain.language.phrases import has_reservations, is_about_place, is_no, is_yes
from wabot.domain.language.questions import is_question
from wabot.domain.language.words import normalize
from wabot.domain.money import Money
from wabot.domain.order import Cart, Delivery, DeliveryKind
from wabot.domain.purpose import Purpose


def answered(turn: Turn, state: Confirming, text: str) -> Step | None:
    """Read an answer to the summary; only a whole yes is a yes."""
    if is_yes(text) or _yes_and_more(text):
        return confirm(turn, state.delivery, state.seen)
    if is_no(text):
        return change(turn)
    if elsewhere(text) not in {None, Word.CHANGE_ORDER}:
        return None
    changed = delivery.address_changed(turn, text)
    if changed is not None:
        return changed
    if is_about_place(text) and not is_question(text):
        return delivery.choose(turn)
    return change(turn) if has_reservations(text) else None


def _yes_and_more(text: str) -> bool:
    """Tell whether a yes was followed at once by what changes nothing: «estado», «gracias»."""
    first, *rest = [line for line in text.splitlines() if line.strip()] or [""]
    harmless = (anywhere(line) is Word.STATUS or elsewhere(line) is Word.THANKS for line in rest)
    return bool(rest) and is_yes(first) and all(harmless)


def tapped(turn: Turn, seen: str) -> Step:
    """Take a tap on «Confirmar» of some summary, perhaps an old one."""
    if not turn.lines:
        return nothing_pending(turn)
    where = turn.state.delivery if isinstance(turn.state, Confirming) else turn.memory.delivery
    if where is None:
        return ask(turn, ReviewingCart(), Phrase("confirm.look_again"))
    return confirm(turn, where, seen)


def confirm(turn: Turn, where: Delivery, seen: str) -> Step:
    """Place the order if it is what the customer saw, and said yes to in time."""
    current, _ = reconciled(turn)
    if current.is_too_large:
        return ask(turn, ReviewingCart(), Phrase("cart.too_large"))
    if turn.late or not seen:
        return ask(turn, Confirming(where), Phrase("confirm.look_again"))
    if seen != fingerprint_of(current, where):
        return ask(turn, Confirming(where), Phrase("confirm.changed"))
    known = _with_saved_address(turn, where)
    placed = turn.having(state=Confirming(known, seen), misses=0)
    return Step(placed.memory, (PlaceOrder(draft_of(placed, known)),))


def change(turn: Turn) -> Step:
    """Ask what should be different."""
    if not turn.lines:
        return ask(turn, ReviewingCart())
    return say(turn, what_to_change())


def placed(turn: Turn, happening: OrderPlaced) -> Step:
    """Tell the customer and the owner; the conversation begins afresh."""
    order = happening.order
    where = _delivery_of(turn)
    total = Money(order.total, turn.shop.currency)
    reply = Reply(
        Phrase(
            "order.placed",
            {
                "code": order.code,
                "lines": line_phrases(order.lines, turn),
                "delivery": in_words(where, turn.shop),
                "payment": payment(where),
                "total": total,
                "status": order.label,
            },
        ),
        ways_on(Option(options.STATUS, Phrase("option.status")), to_menu()),
        outline=Outline(Purpose.ORDER_UPDATE, (order.code, order.label, total), order.id),
    )
    effects: list[Effect] = [Say(reply)]
    settings = turn.shop.settings
    if settings.owner_notices and settings.owner_phone:
        effects.append(Notify(Role.OWNER, notices.new_order(turn, order, where)))
    memory = Memory(phone_asked=turn.memory.phone_asked, noted_on=turn.memory.noted_on)
    return Step(memory, tuple(effects))


def short(turn: Turn, happening: OrderShort) -> Step:
    """Offer what is left: it takes another yes to order that."""
    left = {shortage.product_id: shortage for shortage in happening.shortages}
    lines, said = [], []
    for line in turn.cart.lines:
        shortage = left.get(line.product_id)
        if shortage is None or shortage.available >= line.steps:
            lines.append(line)
            continue
        product = turn.shop.catalog.get(line.product_id)
        if shortage.available < 1 or product is None:
            said.append(Phrase("stock.sold_out", {"name": shortage.name}))
            continue
        quantity = product.quantity(shortage.available)
        said.append(Phrase("stock.reduced", {"name": shortage.name, "quantity": quantity}))
        lines.append(replace(line, steps=shortage.available))
    rest = turn.having(cart=Cart(tuple(lines)))
    if not rest.lines:
        return ask(rest, entrance(rest), Phrase("stock.all_gone"), *said)
    return ask(rest, Confirming(_delivery_of(turn)), *said)


def _delivery_of(turn: Turn) -> Delivery:
    if isinstance(turn.state, Confirming):
        return turn.state.delivery
    return turn.memory.delivery or Delivery(DeliveryKind.PICKUP)


def _with_saved_address(turn: Turn, where: Delivery) -> Delivery:
    """Name the saved address that a typed one became, or none when it was taken away since."""
    if where.kind is not DeliveryKind.DELIVERY:
        return where
    saved = next((a for a in turn.customer.addresses if _same(where, a.text)), None)
    return replace(where, address_id=saved.id if saved else None)


def _same(where: Delivery, address: str) -> bool:
    return normalize(address) == normalize(where.address)


def nothing_pending(turn: Turn) -> Step:
    """Answer a second tap on «Confirmar»: the order is there already."""
    if turn.customer.orders and turn.customer.orders[0].is_open:
        return status.show(turn, Phrase("confirm.already"))
    return ask(turn, AtMenu(), Phrase("option.stale"))
