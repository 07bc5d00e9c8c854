"""What the customer writes: words for anywhere, then the place's own answers, then products."""

from typing import assert_never

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.flows import (
    answers,
    catalogue,
    confirmation,
    corrections,
    delivery,
    features,
    handoff,
    menu,
    ordering,
    questions,
    resume,
    several,
    status,
    taps,
    usual,
)
from wabot.domain.conversation.moves import ask, ask_again, not_understood, offers_person, say
from wabot.domain.conversation.replies import Option, Phrase, Reply
from wabot.domain.conversation.screens import question
from wabot.domain.conversation.screens.menu import to_catalog, to_menu, ways_on
from wabot.domain.conversation.states import (
    AskingPhone,
    AskingQuantity,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    Cancelling,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    OfferingResume,
    RemovingLine,
    ReviewingCart,
    TypingAddress,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.amounts import split_amount
from wabot.domain.language.intents import Word, anywhere, elsewhere
from wabot.domain.language.phrases import (
    closes_order,
    gives_up,
    is_no,
    is_yes,
    takes_offer,
)
from wabot.domain.language.words import clean, normalize, without_courtesy

# Places whose list takes a typed number as the nth row: no quantity is asked there.
_NUMBERED = (AtMenu, BrowsingCategories, BrowsingProducts, RemovingLine, ChoosingDelivery)
_ABOUT_CART = frozenset(
    (
        Word.CHANGE_LINES,
        Word.CHANGE_ORDER,
        Word.DELIVERY,
        Word.NEW_ADDRESS,
        Word.SAVED_ADDRESS,
        Word.PICKUP,
        Word.REMOVE,
    )
)


def received(turn: Turn, text: str) -> Step:
    """Answer a text, whatever it says."""
    said = clean(text)
    once = features.once_only(turn, said)
    if once is not None:
        answer = received(turn, once) if once else ask_again(turn)
        return features.saying_first(answer, Phrase("feature.recurring_orders"))
    word = anywhere(said)
    step = (
        features.shop_asks(turn, said)
        or (_anywhere(turn, word) if word else None)
        or _offered_person(turn, said)
        or several.received(turn, said)
        or _place(turn, said)
        or _option(turn, said)
        or corrections.of_new_order(turn, said)
        or answers.known(turn, said)
        or _elsewhere(turn, said)
        or delivery.address_given(turn, said)
        or catalogue.search(turn, said)
    )
    if step is not None:
        return step
    if turn.customer.is_new:
        return ask(turn, AtMenu())
    return not_understood(turn)


def edited(turn: Turn, text: str) -> Step:
    """Read a changed message anew where nothing hangs on it; elsewhere ask for it again.

    We are not told at which question it was first written, so it never answers one.
    """
    if isinstance(turn.state, AtMenu | BrowsingCategories | BrowsingProducts):
        step = catalogue.search(turn, clean(text))
        if step is not None:
            return step
    return ask_again(turn, Phrase("media.edited"))


def asks_for_something(text: str) -> bool:
    """Tell whether a text asks for something by a word that works anywhere."""
    return anywhere(clean(text)) is not None


def answers_something(text: str) -> bool:
    """Tell whether a text only makes sense as the answer to a question."""
    amount, rest = split_amount(text)
    return is_yes(text) or is_no(text) or (amount is not None and not rest)


def _anywhere(turn: Turn, word: Word) -> Step | None:
    match word:
        case Word.MENU:
            return menu.show(turn)
        case Word.CANCEL:
            return ordering.cancel(turn)
        case Word.PERSON:
            return handoff.request(turn)
        case Word.STATUS:
            return status.show(turn)
        case Word.CATALOG:
            return catalogue.browse(turn)
        case Word.ORDER:
            return catalogue.start_order(turn)
        case Word.USUAL:
            return usual.rebuild(turn)
        case Word.CART:
            return ordering.review(turn)
        case _:
            return None


def _offered_person(turn: Turn, text: str) -> Step | None:
    """Take a yes to the offer of a person, which was the last thing said."""
    if offers_person(turn.memory.misses) and takes_offer(text):
        return handoff.request(turn) if handoff.has_somebody(turn) else menu.show(turn)
    return None


def _place(turn: Turn, text: str) -> Step | None:  # noqa: C901 - one line per state
    """Return the answer of the place where the conversation stands."""
    match turn.state:
        case AtMenu() | BrowsingCategories() | RemovingLine():
            return None
        case BrowsingProducts(query=query):
            return _search_answered(turn, text) if query else None
        case AskingQuantity(product_id):
            return ordering.quantity_typed(turn, product_id, text)
        case ReviewingCart():
            return _more_or_finish(turn, text)
        case ChoosingDelivery():
            return delivery.choice_typed(turn, text)
        case TypingAddress():
            return delivery.address_typed(turn, text)
        case AskingPhone(where):
            return delivery.phone_typed(turn, where, text)
        case Confirming() as state:
            return confirmation.answered(turn, state, text)
        case OfferingLocation():
            return delivery.location_answered(turn, text)
        case Cancelling():
            return ordering.cancelling_answered(turn, text)
        case OfferingResume():
            return resume.answered(turn, text)
        case _ as never:
            assert_never(never)


def _search_answered(turn: Turn, text: str) -> Step | None:
    """Read a yes or no to «¿Buscabas algo de esto?»."""
    if is_no(text):
        # What was found and not wanted is not shown again at the next unclear word.
        left = turn.having(state=BrowsingCategories())
        return say(left, Reply(Phrase("catalog.what_then"), ways_on(to_catalog(), to_menu())))
    if not is_yes(text):
        return None
    shown = [(option, options.parse(option.id)) for option in question(turn).options]
    products = [o for o, tap in shown if tap is not None and tap.kind is options.Kind.PRODUCT]
    return taps.tapped(turn, products[0].id) if len(products) == 1 else ask_again(turn)


def _more_or_finish(turn: Turn, text: str) -> Step | None:
    """Read an answer to the offer of something more; «ok» and «listo» end the order."""
    if takes_offer(text) or (is_yes(text) and not turn.lines):
        return ordering.add_more(turn)
    if gives_up(text) and turn.lines:
        return ordering.cancel(turn)
    if is_no(text) and not turn.lines:
        return menu.left_alone(turn)
    if is_yes(text) or is_no(text) or elsewhere(text) is Word.FINISH:
        return delivery.finish(turn)
    return None


def _option(turn: Turn, text: str) -> Step | None:
    """Take a typed title, or a number where no quantity can be meant, like a tap."""
    shown = question(turn).options
    if isinstance(turn.state, _NUMBERED) and text.isascii() and text.isdigit() and len(text) <= 2:
        nth = int(text)
        return taps.tapped(turn, shown[nth - 1].id) if 1 <= nth <= len(shown) else None
    wanted = {normalize(text), without_courtesy(normalize(text))} - {""}
    named = [option for option in shown if _title(option) in wanted]
    return taps.tapped(turn, named[0].id) if len(named) == 1 else None


def _title(option: Option) -> str:
    return normalize(option.title) if isinstance(option.title, str) else ""


def _elsewhere(turn: Turn, text: str) -> Step | None:
    word = elsewhere(text)
    match word:
        case Word.GREETING:
            return menu.greet(turn)
        case Word.THANKS:
            # A smile for a beginning greets.
            beginning = turn.customer.is_new and not normalize(text)
            return menu.greet(turn) if beginning else menu.thanked(turn)
        case Word.NEXT_PAGE:
            return catalogue.next_page(turn)
        case Word.ADD_MORE:
            return ordering.add_more(turn)
        case Word.START_ANEW:
            return ordering.cancel(turn) if turn.lines else catalogue.start_order(turn)
        case _:
            if word is None:
                return None
            if word is Word.FINISH and gives_up(text) and turn.lines:
                return ordering.cancel(turn)
            return _about_cart(turn, word) if turn.lines else _without_cart(turn, word, text)


def _without_cart(turn: Turn, word: Word, text: str) -> Step | None:
    """Answer words about an order when there is none in the making."""
    if word is Word.FINISH and (isinstance(turn.state, AskingQuantity) or closes_order(text)):
        return ordering.review(turn)
    if not isinstance(turn.state, AtMenu | BrowsingCategories | BrowsingProducts):
        return None
    if word is Word.FINISH:
        return menu.thanked(turn)
    if word not in _ABOUT_CART:
        return None
    placed = any(order.is_open for order in turn.customer.orders)
    return questions.answered(turn) if placed else ordering.review(turn)


def _about_cart(turn: Turn, word: Word) -> Step | None:
    match word:
        case Word.FINISH:
            return delivery.finish(turn)
        case Word.CHANGE_LINES:
            return ordering.change_lines(turn)
        case Word.CHANGE_ORDER:
            return confirmation.change(turn)
        case Word.DELIVERY:
            return delivery.choose(turn)
        case Word.NEW_ADDRESS:
            return delivery.type_new(turn)
        case Word.SAVED_ADDRESS:
            return delivery.use_primary(turn)
        case Word.PICKUP:
            return delivery.pick_up(turn)
        case Word.RESUME | Word.KEEP_ORDER:
            return ordering.review(turn)
        case Word.REMOVE:
            return ordering.change_lines(turn)
        case _:
            return None
