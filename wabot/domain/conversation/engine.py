"""The conversation as a pure, total function of what was, what happened, the shop and the time.

The order of rules: notices of the order that was just confirmed; people and timers; a person has
the chat, so the bot is silent; the month's messages are used up; words that work anywhere; the
answers of the place where the conversation stands; products named in free text; «no entendí» with
options, then the offer of a person. A step says at most one thing, and never the same three times
in a row.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import PauseBot, Say, Step
from wabot.domain.conversation.events import (
    ChatOpened,
    ContactsShared,
    Event,
    LocationShared,
    MediaReceived,
    MediaRefused,
    MessageEdited,
    MessageRevoked,
    NativeCartReceived,
    OptionChosen,
    OrderPlaced,
    OrderShort,
    PersonWrote,
    Reacted,
    TextReceived,
    TimerFired,
    TimerKind,
    UnreadableReceived,
)
from wabot.domain.conversation.flows import (
    confirmation,
    delivery,
    handoff,
    limit,
    media,
    menu,
    native_cart,
    resume,
    taps,
    text,
)
from wabot.domain.conversation.memory import Conversation, Memory
from wabot.domain.conversation.moves import (
    OFFER_PERSON_AT,
    ask,
    unseen,
    way_out,
)
from wabot.domain.conversation.replies import Reply
from wabot.domain.conversation.screens.menu import greeting, welcome
from wabot.domain.conversation.states import AtMenu, OfferingResume
from wabot.domain.conversation.turn import Turn
from wabot.domain.shop import Shop

_MOST_REPEATS = 2
# Meta's times are whole seconds, and clocks differ a little.
_CLOCKS_DIFFER = timedelta(seconds=2)

_Inbound = (
    TextReceived
    | OptionChosen
    | LocationShared
    | MediaReceived
    | ContactsShared
    | NativeCartReceived
    | MessageEdited
    | UnreadableReceived
    | ChatOpened
)


def step(before: Conversation, event: Event, shop: Shop, now: datetime) -> Step:
    """Return where the conversation stands after the event and what is to be done.

    Total: every happening in every state gives an answer or a defined silence, never an error.
    A step that emits PlaceOrder says nothing; its memory goes into the step on OrderPlaced or
    OrderShort.
    """
    late = event.late or _crossed(event, before.memory, shop)
    new = before.customer.is_new or before.memory.unwelcomed
    turn = Turn(replace(before.customer, is_new=new), before.memory, shop, now, late)
    outcome = _step(turn, before, event)
    if before.quota.is_used_up:
        outcome = limit.curtailed(turn, outcome)
    # The welcome belongs to the first answer, whatever came before it in silence.
    unwelcomed = new and (outcome.reply is None or limit.is_note(outcome.reply))
    return replace(outcome, memory=replace(outcome.memory, unwelcomed=unwelcomed))


def _step(turn: Turn, before: Conversation, event: Event) -> Step:
    match event.happening:
        case OrderPlaced() as placed:
            return _remembered(turn, confirmation.placed(turn, placed))
        case OrderShort() as short:
            return _remembered(turn, confirmation.short(turn, short))
        case PersonWrote():
            return handoff.person_wrote(turn)
        case TimerFired(kind):
            return _remembered(turn, _fired(turn, before, kind))
        case MediaRefused() as refused:
            if handoff.is_active(before.pause, turn):
                return Step(before.memory)
            return _remembered(turn, _not_thrice(turn, media.refused(turn, refused)))
        case Reacted() | MessageRevoked() | MessageEdited(text=""):
            return Step(before.memory)
        case happening:
            if handoff.is_active(before.pause, turn):
                return Step(before.memory)
            return _heard(turn, before, happening)


def _heard(turn: Turn, before: Conversation, happening: _Inbound) -> Step:
    if before.quota.is_used_up and not limit.still_answers(turn, happening):
        return limit.instead(turn, happening)
    answer = _welcomed(turn, _answer(turn, happening))
    if before.pause is not None:
        answer = _back_from_pause(turn, answer)
    return _remembered(turn, _not_thrice(turn, answer))


def _fired(turn: Turn, before: Conversation, kind: TimerKind) -> Step:
    told = handoff.timer_fired(turn, kind, before.pause)
    if before.quota.is_used_up and kind is TimerKind.PAUSE_END:
        return limit.quietly(turn, told)
    return told


def _crossed(event: Event, memory: Memory, shop: Shop) -> bool:
    """Tell whether a text was sent before our last answer: a yes in it is for something else."""
    if memory.expires_at is None or not isinstance(event.happening, TextReceived):
        return False
    answered_at = memory.expires_at - shop.settings.session_lifetime
    return event.at < answered_at - _CLOCKS_DIFFER


def _answer(turn: Turn, happening: _Inbound) -> Step:
    """Answer the customer; after the session ran out a draft is offered first."""
    expires_at = turn.memory.expires_at
    if expires_at is None or turn.now < expires_at:
        return _react(turn, happening)
    if turn.lines:
        return _with_draft(turn.having(state=OfferingResume(), misses=0), happening)
    emptied = turn.emptied.having(state=AtMenu(), misses=0)
    if isinstance(happening, TextReceived) and text.answers_something(happening.text):
        # «sí» or «2» belonged to a question of another day.
        return ask(emptied, AtMenu())
    return _react(emptied, happening)


def _with_draft(turn: Turn, happening: _Inbound) -> Step:
    match happening:
        case TextReceived(said) if text.asks_for_something(said):
            return _react(turn.having(state=AtMenu()), happening)
        case OptionChosen() | NativeCartReceived() | MessageEdited():
            # What was on an old screen is shown again before it counts.
            return _react(replace(turn, late=True), happening)
        case _:
            return resume.offer(turn)


def _react(turn: Turn, happening: _Inbound) -> Step:
    match happening:
        case TextReceived(said):
            return text.received(turn, said)
        case OptionChosen(option_id):
            return taps.tapped(turn, option_id)
        case LocationShared() as pin:
            return delivery.located(turn, pin)
        case MediaReceived() as file:
            return media.received(turn, file)
        case ContactsShared() as contacts:
            return delivery.contacts_shared(turn, contacts)
        case NativeCartReceived() as chosen:
            return native_cart.received(turn, chosen)
        case MessageEdited(said):
            return text.edited(turn, said)
        case UnreadableReceived(kind):
            return media.unreadable(turn, kind)
        case ChatOpened():
            return menu.greet(turn)
        case _ as never:
            assert_never(never)


def _welcomed(turn: Turn, answer: Step) -> Step:
    """Greet a new customer whose first message was answered at once."""
    reply = answer.reply
    if reply is None or not turn.customer.is_new or reply.text == welcome(turn):
        return answer
    return _saying(answer, replace(reply, lead=(greeting(turn), *reply.lead)))


def _back_from_pause(turn: Turn, answer: Step) -> Step:
    """Tell once that the bot is back when the customer writes before the timer could."""
    reply = answer.reply
    if reply is not None:
        answer = _saying(answer, replace(reply, lead=(handoff.back(turn), *reply.lead)))
    return replace(answer, effects=(*handoff.ended(), *answer.effects))


def _not_thrice(turn: Turn, answer: Step) -> Step:
    """Offer a way out in place of an answer that was just given twice."""
    reply, memory = answer.reply, answer.memory
    calls_person = any(isinstance(effect, PauseBot) for effect in answer.effects)
    if reply is None or calls_person or memory.echoes < _MOST_REPEATS:
        return answer
    if memory.echo != options.fingerprint(reply):
        return answer
    kept = replace(memory, state=unseen(memory.state), misses=OFFER_PERSON_AT)
    return replace(_saying(answer, way_out(turn)), memory=kept)


def _saying(answer: Step, reply: Reply) -> Step:
    effects = (Say(reply) if isinstance(effect, Say) else effect for effect in answer.effects)
    return replace(answer, effects=tuple(effects))


def _remembered(turn: Turn, outcome: Step) -> Step:
    """Renew the session and note what was said; a silence changes nothing."""
    if not outcome.effects:
        return Step(turn.memory)
    memory = replace(outcome.memory, expires_at=turn.now + turn.shop.settings.session_lifetime)
    if outcome.reply is not None:
        echo = options.fingerprint(outcome.reply)
        echoes = min(memory.echoes + 1, _MOST_REPEATS) if memory.echo == echo else 1
        memory = replace(memory, echo=echo, echoes=echoes)
    return replace(outcome, memory=memory)
