"""Questions that only the shop can answer: the customer is told so, and nothing moves."""

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.flows import handoff
from wabot.domain.conversation.moves import ask_again
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.turn import Turn


def answered(turn: Turn) -> Step:
    """Say who knows the answer, and ask again what was asked."""
    if handoff.has_somebody(turn):
        return ask_again(turn, Phrase("question.for_shop"))
    return ask_again(turn, Phrase("question.unknown"))
