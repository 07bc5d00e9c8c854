"""The main menu, greetings and thanks."""

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.moves import ask, ask_again, say
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.conversation.screens.menu import hello, to_catalog, to_menu, ways_on
from wabot.domain.conversation.states import AtMenu
from wabot.domain.conversation.turn import Turn


def show(turn: Turn) -> Step:
    """Show the main menu; an order in the making stays."""
    if turn.lines:
        return ask(turn, AtMenu(), Phrase("menu.cart_kept"))
    return ask(turn, AtMenu())


def greet(turn: Turn) -> Step:
    """Answer a greeting: the menu, or the question that was open."""
    if turn.customer.is_new:
        return ask(turn, AtMenu())
    return ask_again(turn, hello(turn))


def thanked(turn: Turn) -> Step:
    """Answer thanks or a good-bye without asking for anything new."""
    if isinstance(turn.state, AtMenu) and not turn.lines:
        return say(turn, Reply(Phrase("menu.thanks"), ways_on(to_catalog(), to_menu())))
    return ask_again(turn, Phrase("menu.with_pleasure"))


def left_alone(turn: Turn) -> Step:
    """Take a no to what was offered, and ask for nothing."""
    free = turn.having(state=AtMenu())
    return say(free, Reply(Phrase("menu.as_you_like"), ways_on(to_catalog(), to_menu())))
