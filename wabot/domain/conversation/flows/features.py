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
from wabot.domain.plan import Feature
from wabot.domain.window import spellings

# Places where a text may begin an order; elsewhere it answers another question.
_CHOOSING = (AtMenu, BrowsingCategories, BrowsingProducts, AskingQuantity, ReviewingCart)
_COMMAND = re.compile(
    r"#?(agotad[oa]s? .+|precios? .+ \d[\d.,]*|pedidos( de hoy)?|pedido (p-?)?\d+"
    r"|corte( del? dia| de hoy)?|ayuda|listo (p-?)?\d+)"
)
_REPORT = re.compile(r"#?((el )?(reporte|informe)( (del mes|mensual|de este mes))?)")


def owner_asks(turn: Turn, text: str) -> Step | None:
    """Tell the owner kindly that what they ask for is not in their plan, or not made yet."""
    if not _is_owner(turn):
        return None
    said = normalize(text)
    if _COMMAND.fullmatch(said):
        left_out, not_yet = Phrase("owner.commands_left_out"), Phrase("owner.commands_not_yet")
        return _unless_offered(turn, Feature.OWNER_COMMANDS, left_out, not_yet)
    if _REPORT.fullmatch(said):
        left_out, not_yet = Phrase("owner.report_left_out"), Phrase("owner.report_not_yet")
        return _unless_offered(turn, Feature.MONTHLY_REPORT, left_out, not_yet)
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


def _unless_offered(turn: Turn, feature: Feature, left_out: Phrase, not_yet: Phrase) -> Step | None:
    if turn.shop.offers(feature):
        return None
    why = not_yet if feature in turn.shop.features else left_out
    return say(turn, Reply(why, ways_on(to_menu())))


def _is_owner(turn: Turn) -> bool:
    phone = turn.shop.settings.owner_phone
    return bool(phone and turn.customer.wa_id) and turn.customer.wa_id in spellings(phone)
