"""What is said of an order that was placed: an address to set right, a second «confirmar»."""

import re
from dataclasses import replace

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.flows import confirmation, handoff, menu
from wabot.domain.conversation.moves import OFFER_PERSON_AT, say
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.conversation.screens.menu import to_menu, to_person, ways_on
from wabot.domain.conversation.states import AtMenu, BrowsingCategories, BrowsingProducts
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.addresses import Reading, has_number, names_street, read_address
from wabot.domain.language.phrases import is_yes
from wabot.domain.language.words import normalize
from wabot.domain.order import Order

_BETWEEN_ORDERS = (AtMenu, BrowsingCategories, BrowsingProducts)
_WRONG = re.compile(
    r"\b(equivo\w+|mal|incorrect[oa]|erronea|corrig\w+|correg\w+|correccion|cambi\w+"
    r"|no es|no era)\b"
)
_PLACE = re.compile(r"\b(direccion|domicilio)\b")
_CONFIRMS = re.compile(r"\bconfirm(o|ar|ado|alo|amos)\b")
_DENIES = re.compile(r"\b(no|pero|sin|todavia)\b")


def of_new_order(turn: Turn, text: str) -> Step | None:
    """Answer what is about the order that was placed just now; None for anything else."""
    order = _new_order(turn)
    if order is None:
        return None
    return _address(turn, order, text) or _confirmed(turn, text)


def address_is_wrong(text: str) -> bool:
    """Tell whether a text sets an address right: «me equivoqué de dirección, es calle 9»."""
    said = normalize(text)
    names_place = bool(_PLACE.search(said)) or names_street(text)
    return names_place and bool(_WRONG.search(said))


def _new_order(turn: Turn) -> Order | None:
    if turn.lines or not isinstance(turn.state, _BETWEEN_ORDERS):
        return None
    since = turn.now - turn.shop.settings.session_lifetime
    return next((o for o in turn.customer.orders if o.is_open and o.created_at > since), None)


def _address(turn: Turn, order: Order, text: str) -> Step | None:
    """Say where the order goes as it stands: only a person can send it elsewhere."""
    old = Phrase("order.old_address", {"code": order.code})
    if address_is_wrong(text):
        return handoff.request(turn, old, said=text)
    bare = names_street(text) and has_number(text) and read_address(text) is not Reading.NO
    if not bare:
        return None
    if not handoff.has_somebody(turn):
        return say(turn, Reply(old, ways_on(to_menu())))
    asked = say(
        turn, Reply(Phrase("order.another_address"), ways_on(to_person(), to_menu()), (old,))
    )
    # A person was offered: a yes takes the offer.
    return replace(asked, memory=replace(asked.memory, misses=OFFER_PERSON_AT))


def _confirmed(turn: Turn, text: str) -> Step | None:
    """Tell whoever says yes once more that the order is there already."""
    said = normalize(text)
    if _CONFIRMS.search(said) and len(said.split()) <= 4 and not _DENIES.search(said):
        return confirmation.nothing_pending(turn)
    return menu.thanked(turn) if isinstance(turn.state, AtMenu) and is_yes(text) else None
