"""A person takes over: asked for, arrived, gone again, or never come."""

from wabot.domain.conversation.effects import (
    CancelTimer,
    Effect,
    EndPause,
    Notify,
    PauseBot,
    Role,
    Say,
    SetTimer,
    Step,
)
from wabot.domain.conversation.events import TimerKind
from wabot.domain.conversation.flows import notices
from wabot.domain.conversation.memory import Pause
from wabot.domain.conversation.moves import ask, say
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.conversation.screens.menu import to_catalog, to_menu, ways_on
from wabot.domain.conversation.states import AtMenu
from wabot.domain.conversation.turn import Turn

REQUESTED = "requested"
PERSON = "person"


def is_active(pause: Pause | None, turn: Turn) -> bool:
    """Tell whether a person has the chat now; a pause that ran out is over without its timer."""
    return pause is not None and pause.until > turn.now


def request(turn: Turn, *lead: Phrase, said: str = "") -> Step:
    """Call a person and fall silent; a shop without anybody to call says so and goes on.

    The person is told what the customer said, where that is the matter.
    """
    if not has_somebody(turn):
        return say(turn, Reply(Phrase("handoff.nobody"), ways_on(to_catalog(), to_menu()), lead))
    settings = turn.shop.settings
    until = turn.now + settings.pause_lifetime
    return say(
        turn,
        Reply(
            Phrase("handoff.requested_with_cart" if turn.lines else "handoff.requested"), lead=lead
        ),
        Notify(Role.ADVISER, notices.person_wanted(turn, said)),
        PauseBot(until, REQUESTED),
        SetTimer(TimerKind.PAUSE_END, until),
        SetTimer(TimerKind.HANDOFF_UNANSWERED, turn.now + settings.handoff_patience),
    )


def has_somebody(turn: Turn) -> bool:
    """Tell whether the shop named anybody to call."""
    return bool(turn.shop.settings.adviser_phone or turn.shop.settings.owner_phone)


def person_wrote(turn: Turn) -> Step:
    """Leave the chat to the person; each of their messages renews the pause."""
    until = turn.now + turn.shop.settings.pause_lifetime
    return Step(
        turn.memory,
        (
            PauseBot(until, PERSON),
            CancelTimer(TimerKind.HANDOFF_UNANSWERED),
            SetTimer(TimerKind.PAUSE_END, until),
        ),
    )


def timer_fired(turn: Turn, kind: TimerKind, pause: Pause | None) -> Step:
    """End the pause or tell that nobody came; a timer that is out of date does nothing."""
    active = is_active(pause, turn)
    if kind is TimerKind.PAUSE_END and pause is not None and not active:
        state = turn.state if turn.lines else AtMenu()
        return ask(turn, state, back(turn), effects=ended())
    if kind is TimerKind.HANDOFF_UNANSWERED and active and pause and pause.reason == REQUESTED:
        return _nobody_came(turn)
    return Step(turn.memory)


def back(turn: Turn) -> Phrase:
    """Return what the customer is told once when the bot is back."""
    return Phrase("handoff.back_with_cart" if turn.lines else "handoff.back")


def ended() -> tuple[Effect, ...]:
    """Return the effects of a pause's end."""
    return (
        EndPause(),
        CancelTimer(TimerKind.PAUSE_END),
        CancelTimer(TimerKind.HANDOFF_UNANSWERED),
    )


def _nobody_came(turn: Turn) -> Step:
    effects: list[Effect] = [Say(Reply(Phrase("handoff.unanswered")))]
    if turn.shop.settings.owner_phone:
        effects.append(Notify(Role.OWNER, notices.nobody_answered(turn)))
    return Step(turn.memory, tuple(effects))
