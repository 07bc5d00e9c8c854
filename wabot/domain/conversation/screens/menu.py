"""The main menu and what leads back to it."""

from wabot.domain.conversation import options
from wabot.domain.conversation.replies import (
    Buttons,
    Option,
    OptionGroup,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.words import one_line

_MAX_NAME = 40


def main_menu(turn: Turn) -> Reply:
    """Offer all that the bot can do."""
    rows = [
        Option(options.CATALOG, Phrase("option.catalog")),
        Option(options.ORDER, Phrase("option.order")),
        Option(options.STATUS, Phrase("option.status")),
        Option(options.PERSON, Phrase("option.person")),
    ]
    if turn.customer.orders:
        rows.append(Option(options.USUAL, Phrase("option.usual")))
    if turn.lines:
        rows.insert(0, Option(options.SHOW_CART, Phrase("option.cart")))
    text = welcome(turn) if turn.customer.is_new else Phrase("menu.main")
    return Reply(text, OptionList(Phrase("option.see_options"), (OptionGroup(tuple(rows)),)))


def welcome(turn: Turn) -> Phrase:
    """Greet somebody who writes for the first time."""
    name = name_of(turn)
    if name:
        return Phrase("menu.welcome", {"name": name, "shop": turn.shop.name})
    return Phrase("menu.welcome_anonymous", {"shop": turn.shop.name})


def greeting(turn: Turn) -> Phrase:
    """Greet somebody new whose first message already asks for something."""
    name = name_of(turn)
    if name:
        return Phrase("menu.greeting", {"name": name, "shop": turn.shop.name})
    return Phrase("menu.greeting_anonymous", {"shop": turn.shop.name})


def hello(turn: Turn) -> Phrase:
    """Greet somebody whom the shop knows."""
    name = name_of(turn)
    return Phrase("menu.hello", {"name": name}) if name else Phrase("menu.hello_anonymous")


def name_of(turn: Turn) -> str:
    """Return the customer's name, short enough for a greeting."""
    return one_line(turn.customer.name)[:_MAX_NAME]


def ways_on(*choices: Option) -> Buttons:
    """Return up to three buttons that lead somewhere from an answer that asks nothing."""
    return Buttons(choices)


def to_menu() -> Option:
    """Return the button that leads to the main menu."""
    return Option(options.MENU, Phrase("option.menu"))


def to_person() -> Option:
    """Return the button that asks for a person."""
    return Option(options.PERSON, Phrase("option.person"))


def to_catalog() -> Option:
    """Return the button that shows the catalogue."""
    return Option(options.CATALOG, Phrase("option.catalog"))
