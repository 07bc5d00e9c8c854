"""What became of an order."""

from uuid import UUID

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.moves import ask, say
from wabot.domain.conversation.replies import (
    Buttons,
    Menu,
    Option,
    OptionGroup,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.conversation.screens.basket import line_phrases
from wabot.domain.conversation.screens.menu import to_catalog, to_menu, to_person, ways_on
from wabot.domain.conversation.states import AtMenu, Confirming, ReviewingCart
from wabot.domain.conversation.turn import Turn
from wabot.domain.money import Money
from wabot.domain.order import HistoryEntry, Order

_MAX_OTHERS = 8


def show(turn: Turn, *lead: Phrase) -> Step:
    """Tell how the last order stands; other open orders are options."""
    if not turn.customer.orders and turn.lines:
        state = turn.state if isinstance(turn.state, Confirming) else ReviewingCart()
        return ask(turn, state, *lead, Phrase("status.only_cart"))
    if not turn.customer.orders:
        return say(turn, Reply(Phrase("status.none"), ways_on(to_catalog(), to_menu())))
    return _tell(turn, turn.customer.orders[0], lead)


def show_order(turn: Turn, order_id: UUID | None) -> Step:
    """Tell how one order stands."""
    order = next((order for order in turn.customer.orders if order.id == order_id), None)
    if order is None:
        return ask(turn, AtMenu(), Phrase("option.stale"))
    return _tell(turn, order, ())


def _tell(turn: Turn, order: Order, lead: tuple[Phrase, ...]) -> Step:
    text = Phrase(
        "status.order",
        {
            "code": order.code,
            "status": order.label,
            "at": order.created_at,
            "lines": line_phrases(order.lines, turn),
            "total": Money(order.total, turn.shop.currency),
            "history": tuple(_entry(entry) for entry in order.history),
        },
    )
    return say(turn, Reply(text, _ways_on(turn, order), lead))


def _entry(entry: HistoryEntry) -> Phrase:
    return Phrase("status.entry", {"status": entry.label, "at": entry.at})


def _ways_on(turn: Turn, shown: Order) -> Menu:
    others = [o for o in turn.customer.orders if o.is_open and o.id != shown.id][:_MAX_OTHERS]
    if not others:
        return Buttons((to_person(), to_menu()))
    rows = [_other(turn, order) for order in others]
    return OptionList(Phrase("option.see_orders"), (OptionGroup((*rows, to_person(), to_menu())),))


def _other(turn: Turn, order: Order) -> Option:
    total = Money(order.total, turn.shop.currency)
    described = Phrase("status.other", {"status": order.label, "total": total})
    return Option(
        options.status(order.id), Phrase("option.order_code", {"code": order.code}), described
    )
