"""The month's messages are used up: who is still answered, and what everybody else is told.

What has begun is finished. An order in the making goes on to its confirmation, with all that
belongs to it (a person who is called, a file that could not be kept, the notice to the shop); it
has begun once the customer is past the main menu, and until the session runs out. Whoever ordered
just now may still ask how the order stands. Whoever waits for a person is told if nobody comes: it
was promised to them.

A person of the shop writes to customers by hand at any time; meanwhile the bot is as silent as
ever, and when the person is gone it comes back without a word unless an order is waiting.

Everybody else gets one note with the shop's phone, once a day of the shop, whatever they want:
also a person, whom the phone reaches at once. A draft of another day is kept for the next month.
Opening the chat without writing asks for nothing and gets no note.
"""

from dataclasses import replace

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import Say, Step
from wabot.domain.conversation.events import ChatOpened, Happening, OptionChosen, TextReceived
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.conversation.states import AtMenu
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.intents import Word, anywhere
from wabot.domain.language.words import clean
from wabot.domain.usage import day_of

_NOTE, _NOTE_WITHOUT_PHONE = "limit.note", "limit.note_without_phone"


def is_under_way(turn: Turn) -> bool:
    """Tell whether an order has begun that is still to be finished."""
    expires_at = turn.memory.expires_at
    if expires_at is None or turn.now >= expires_at:
        return False
    return bool(turn.lines) or not isinstance(turn.state, AtMenu)


def still_answers(turn: Turn, happening: Happening) -> bool:
    """Tell whether the customer is answered although the month's messages are used up."""
    return is_under_way(turn) or _asks_about_new_order(turn, happening)


def note(turn: Turn, happening: Happening) -> Step:
    """Give the shop's phone, once a day; the session stays as it was."""
    today = day_of(turn.now, turn.shop.time_zone)
    if turn.memory.noted_on == today or isinstance(happening, ChatOpened):
        return Step(turn.memory)
    settings = turn.shop.settings
    phone = settings.owner_phone or settings.adviser_phone
    said = Phrase(_NOTE, {"phone": phone}) if phone else Phrase(_NOTE_WITHOUT_PHONE)
    return Step(replace(turn.memory, noted_on=today), (Say(Reply(said)),))


def is_note(reply: Reply) -> bool:
    """Tell whether an answer is the note: it welcomes nobody."""
    return reply.text.key in {_NOTE, _NOTE_WITHOUT_PHONE}


def quietly(turn: Turn, back: Step) -> Step:
    """Let the bot come back without a word where no order waits."""
    if is_under_way(turn):
        return back
    return Step(turn.memory, tuple(e for e in back.effects if not isinstance(e, Say)))


def _asks_about_new_order(turn: Turn, happening: Happening) -> bool:
    since = turn.now - turn.shop.settings.session_lifetime
    if not any(order.is_open and order.created_at > since for order in turn.customer.orders):
        return False
    match happening:
        case TextReceived(said):
            return anywhere(clean(said)) is Word.STATUS
        case OptionChosen(option_id):
            tap = options.parse(option_id)
            return option_id == options.STATUS or (
                tap is not None and tap.kind is options.Kind.STATUS
            )
        case _:
            return False
