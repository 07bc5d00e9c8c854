"""What an event was taken for and what came of it: codes for the operator, never words."""

from collections.abc import Iterable, Iterator

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import (
    Effect,
    EndPause,
    NoteUnknown,
    PauseBot,
    PlaceOrder,
    SaveAddress,
    SavePhone,
    Say,
)
from wabot.domain.conversation.events import (
    ChatOpened,
    ContactsShared,
    Happening,
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
    UnreadableReceived,
)

_NAMES: dict[type[Happening], str] = {
    TextReceived: "text",
    OptionChosen: "tap",
    LocationShared: "location",
    MediaReceived: "file",
    MediaRefused: "file refused",
    ContactsShared: "contacts",
    NativeCartReceived: "cart",
    Reacted: "reaction",
    MessageEdited: "edit",
    MessageRevoked: "deletion",
    UnreadableReceived: "unreadable",
    ChatOpened: "chat opened",
    PersonWrote: "person of the shop",
    TimerFired: "timer",
    OrderPlaced: "order placed",
    OrderShort: "order short",
}
SILENCE = "silence"


def meaning(happening: Happening, effects: Iterable[Effect]) -> str:
    """Return what happened and all that the engine made of it, e.g. `tap order: order.placed`."""
    name = _NAMES[type(happening)]
    match happening:
        case OptionChosen(option_id):
            tap = options.parse(option_id)
            name = f"{name} {tap.kind.name.lower() if tap else 'unknown'}"
        case MediaReceived(kind):
            name = f"{name} {kind.value}"
        case TimerFired(timer):
            name = f"{name} {timer.value}"
        case _:
            pass
    return f"{name}: {', '.join(_codes(effects)) or SILENCE}"


def _codes(effects: Iterable[Effect]) -> Iterator[str]:
    for effect in effects:
        match effect:
            case Say(reply):
                yield reply.text.key
            case PlaceOrder():
                yield "place order"
            case PauseBot(reason=reason):
                yield f"give to a person ({reason})"
            case EndPause():
                yield "bot is back"
            case SaveAddress():
                yield "save address"
            case SavePhone():
                yield "save phone"
            case NoteUnknown():
                yield "words unknown"
            case _:
                pass
