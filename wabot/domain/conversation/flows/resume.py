"""An order left half made before the session ran out."""

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.flows import menu
from wabot.domain.conversation.moves import ask
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.states import AtMenu, OfferingResume, ReviewingCart
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.intents import Word, elsewhere
from wabot.domain.language.phrases import is_no, is_yes


def offer(turn: Turn, *lead: Phrase) -> Step:
    """Offer to go on with the draft."""
    return ask(turn, OfferingResume(), *lead)


def go_on(turn: Turn) -> Step:
    """Take the draft up again."""
    return ask(turn, ReviewingCart())


def start_anew(turn: Turn) -> Step | None:
    """Drop the draft; only where it was offered, never from an old message."""
    if not isinstance(turn.state, OfferingResume):
        return None
    return ask(turn.emptied, AtMenu(), Phrase("resume.anew"))


def answered(turn: Turn, text: str) -> Step | None:
    """Read an answer to the offer."""
    word = elsewhere(text)
    if is_yes(text) or word is Word.RESUME:
        return go_on(turn)
    if is_no(text) or word is Word.START_ANEW:
        return start_anew(turn)
    if word is Word.GREETING:
        return menu.greet(turn)
    return None
