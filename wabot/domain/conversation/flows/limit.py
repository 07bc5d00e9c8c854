"""The month's messages are used up: who is still answered, and what everybody else is told.

What has begun is finished. An order in the making goes on to its confirmation, with all that
belongs to it (a person who is called, a file that could not be kept, the notice to the shop); it
has begun once the customer is past the main menu, and a draft of another day has begun too.
Whoever ordered just now may still ask how the order stands, and whoever has an open order reaches a
person: to cancel it, to set it right, because it is urgent. Whoever waits for a person is told if
nobody comes: it was promised to them.

A person of the shop writes to customers by hand at any time; meanwhile the bot is as silent as
ever, and when the person is gone it comes back without a word unless an order is waiting.

Everybody else gets one note with the shop's phone, once a day of the shop, whatever they want:
also a person, whom the phone reaches at once. Nothing is offered that would get the note.
Opening the chat without writing asks for nothing and gets no note.
"""

import re
from dataclasses import replace

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import Say, Step
from wabot.domain.conversation.events import ChatOpened, Happening, OptionChosen, TextReceived
from wabot.domain.conversation.flows import handoff
from wabot.domain.conversation.replies import (
    Buttons,
    Menu,
    Option,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.conversation.states import AtMenu
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.intents import Word, anywhere
from wabot.domain.language.words import clean, normalize
from wabot.domain.phone import Phone
from wabot.domain.usage import day_of

_NOTE, _NOTE_WITHOUT_PHONE = "limit.note", "limit.note_without_phone"
_FOR_PERSON = re.compile(
    r"\b(urge|urgente|urgencia|cancel\w*|equivo(?:que|cad[oa]s?|caron)|queja|reclam\w+|incomplet[oa]"
    r"|falto|faltaron|direccion)\b"
)


def is_under_way(turn: Turn) -> bool:
    """Tell whether an order has begun that is still to be finished."""
    if turn.lines:
        return True
    expires_at = turn.memory.expires_at
    lives = expires_at is not None and turn.now < expires_at
    return lives and not isinstance(turn.state, AtMenu)


def still_answers(turn: Turn, happening: Happening) -> bool:
    """Tell whether the customer is answered although the month's messages are used up."""
    return is_under_way(turn) or _asks_about_new_order(turn, happening)


def instead(turn: Turn, happening: Happening) -> Step:
    """Call a person for whoever needs one about their order; for everybody else, the note."""
    if _needs_person(turn, happening):
        said = happening.text if isinstance(happening, TextReceived) else ""
        return handoff.request(turn, said=said)
    return _note(turn, happening)


def curtailed(turn: Turn, step: Step) -> Step:
    """Leave out of an answer what it offers in vain; in place of the main menu stands the note."""
    reply = step.reply
    after = replace(turn, memory=step.memory)
    if reply is None or reply.menu is None or is_under_way(after):
        return step
    kept, memory = replace(reply, menu=_answered(after, reply.menu)), step.memory
    if reply.text.key == "menu.main":
        kept = replace(kept, text=_note_of(turn))
        memory = replace(memory, noted_on=day_of(turn.now, turn.shop.time_zone))
    effects = (Say(kept) if isinstance(effect, Say) else effect for effect in step.effects)
    return replace(step, memory=memory, effects=tuple(effects))


def _answered(turn: Turn, menu: Menu) -> Menu | None:
    def keeps(option: Option) -> bool:
        tap = OptionChosen(option.id)
        return still_answers(turn, tap) or _needs_person(turn, tap)

    match menu:
        case Buttons(offered):
            buttons = tuple(filter(keeps, offered))
            return Buttons(buttons) if buttons else None
        case OptionList(groups=groups):
            rows = (replace(g, options=tuple(filter(keeps, g.options))) for g in groups)
            left = tuple(group for group in rows if group.options)
            return replace(menu, groups=left) if left else None
        case _:
            return menu


def _note(turn: Turn, happening: Happening) -> Step:
    """Give the shop's phone, once a day; the session stays as it was."""
    today = day_of(turn.now, turn.shop.time_zone)
    if turn.memory.noted_on == today or isinstance(happening, ChatOpened):
        return Step(turn.memory)
    return Step(replace(turn.memory, noted_on=today), (Say(Reply(_note_of(turn))),))


def _note_of(turn: Turn) -> Phrase:
    settings = turn.shop.settings
    phone = settings.owner_phone or settings.adviser_phone
    return Phrase(_NOTE, {"phone": Phone(phone)}) if phone else Phrase(_NOTE_WITHOUT_PHONE)


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


def _needs_person(turn: Turn, happening: Happening) -> bool:
    """Tell whether somebody with an open order wants what only a person can do about it."""
    if not handoff.has_somebody(turn) or not any(o.is_open for o in turn.customer.orders):
        return False
    match happening:
        case TextReceived(said):
            wanted = anywhere(clean(said)) in {Word.PERSON, Word.CANCEL}
            return wanted or bool(_FOR_PERSON.search(normalize(said)))
        case OptionChosen(option_id):
            return option_id == options.PERSON
        case _:
            return False
