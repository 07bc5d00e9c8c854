"""What the shop's plan leaves out: asked for by word, it is answered politely."""

import re
from dataclasses import replace

from wabot.domain.conversation.effects import Say, Step
from wabot.domain.conversation.moves import say
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.conversation.screens.menu import to_menu, ways_on
from wabot.domain.conversation.states import (
    AskingQuantity,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    ReviewingCart,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.recurrence import without_recurrence
from wabot.domain.language.words import normalize
from wabot.domain.phone import spellings
from wabot.domain.plan import Feature

# Places where a text may begin an order; elsewhere it answers another question.
_CHOOSING = (AtMenu, BrowsingCategories, BrowsingProducts, AskingQuantity, ReviewingCart)
_COMMAND = re.compile(
    r"#?(agotad[oa]s? .+|precios? .+ \d[\d.,]*|pedidos( de hoy)?|pedido (p-?)?\d+"
    r"|pedidos (pendientes|del dia|de ayer)|corte( del? dia| de hoy| de caja)?|ayuda|ya hay .+"
    r"|ventas( de hoy| del dia)?|listo (p-?)?\d+)"
)
_REPORT = re.compile(r"#?((el )?(reporte|informe)( (del mes|mensual|de este mes))?)")


def shop_asks(turn: Turn, text: str) -> Step | None:
    """Tell people of the shop kindly that what they ask for is not made yet, in any plan."""
    if not _is_of_shop(turn):
        return None
    said = normalize(text)
    if _COMMAND.fullmatch(said):
        return _unless_offered(turn, Feature.OWNER_COMMANDS, Phrase("owner.commands_not_yet"))
    if _REPORT.fullmatch(said):
        return _unless_offered(turn, Feature.MONTHLY_REPORT, Phrase("owner.report_not_yet"))
    return None


def once_only(turn: Turn, text: str) -> str | None:
    """Return what to take as an order for once of a text that wants it again and again."""
    if turn.shop.offers(Feature.RECURRING_ORDERS) or not isinstance(turn.state, _CHOOSING):
        return None
    return without_recurrence(text)


def saying_first(step: Step, phrase: Phrase) -> Step:
    """Put a sentence before what a step says."""
    return replace(
        step,
        effects=tuple(
            Say(replace(effect.reply, lead=(phrase, *effect.reply.lead)))
            if isinstance(effect, Say)
            else effect
            for effect in step.effects
        ),
    )


def _unless_offered(turn: Turn, feature: Feature, said: Phrase) -> Step | None:
    if turn.shop.offers(feature):
        return None
    return say(turn, Reply(said, ways_on(to_menu())))


def _is_of_shop(turn: Turn) -> bool:
    settings = turn.shop.settings
    phones = filter(None, (settings.owner_phone, settings.adviser_phone))
    wa_id = turn.customer.wa_id
    return bool(wa_id) and any(wa_id in spellings(phone) for phone in phones)
