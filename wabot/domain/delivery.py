"""What becomes of a message handed to Meta, and how we react to a refusal."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Reaction(StrEnum):
    """What to do about a refused message."""

    RETRY_FEW = "retry_few"
    """Try again two or three times, soon."""
    BACKOFF = "backoff"
    """Try again with growing pauses: Meta is overloaded, limits the number, or is not reached."""
    PAIR_LIMIT = "pair_limit"
    """Too many messages to one user: wait 4^X seconds, others are not concerned."""
    LATER = "later"
    """An hourly limit of the app or account: try again in minutes."""
    PAUSE_TENANT = "pause_tenant"
    """Nothing from this number will pass: stop its sending and alert; the message is kept."""
    NORMALISE_ONCE = "normalise_once"
    """Try the number's other spelling once (see `phone`)."""
    USE_TEMPLATE = "use_template"
    """The 24-hour window is closed: only an approved template passes."""
    USE_PHONE = "use_phone"
    """This message cannot go to a user id: send it to the phone number."""
    ASK_AGAIN = "ask_again"
    """The customer's file could not be fetched: ask for it again."""
    WAIT_DAY = "wait_day"
    """Not before 24 hours have gone by."""
    WAIT_THREE_DAYS = "wait_three_days"
    """Not before 72 hours have gone by."""
    NEVER_TO_USER = "never_to_user"
    """Never again to this user."""
    GIVE_UP = "give_up"
    """The message itself or its recipient is wrong: the same will be refused again."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Graph took the message; `wa_id` or `user_id` is how Meta names the recipient."""

    wamid: str
    wa_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message was certainly not taken; `code` is None when Graph named none."""

    code: int | None
    details: str
    reaction: Reaction
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message may have been taken; only a status that carries our id can tell."""

    reason: str


SendOutcome = Accepted | Rejected | Unknown


def is_metas_fault(outcome: SendOutcome) -> bool:
    """Tell whether a message was not taken although nothing is wrong with it or its sender."""
    if isinstance(outcome, Rejected):
        return outcome.reaction in {Reaction.BACKOFF, Reaction.RETRY_FEW, Reaction.LATER}
    return isinstance(outcome, Unknown)


PAYMENT_CODES = frozenset({131042, 141006})
"""Codes that want a payment method of the account."""

TOKEN_REFUSED = 190
"""Graph's code for a token that ended, was withdrawn or never was one."""
TOKEN_CODES = frozenset({0, TOKEN_REFUSED})
"""Codes that want another token."""

_FEW = 3
_BACKOFF_CAP = timedelta(minutes=5)
# A burst borrows 270 s at most: whoever waits longer waits for nothing.
_PAIR_CAP = timedelta(seconds=4**4)
_LATER_STEP = timedelta(minutes=5)
_LATER_CAP = timedelta(hours=1)
_FIRST_PROBE = timedelta(minutes=1)
_PROBE_CAP = timedelta(minutes=10)


def retry_delay(
    reaction: Reaction, attempts: int, retry_after: timedelta | None = None
) -> timedelta | None:
    """Return the pause before the next attempt after that many failed ones, None to stop.

    Meta's own `retry_after` only ever lengthens the pause.
    """
    tried = max(attempts, 1)
    doublings = min(tried - 1, 16)
    delay: timedelta | None
    match reaction:
        case Reaction.RETRY_FEW:
            delay = timedelta(seconds=2**doublings) if tried < _FEW else None
        case Reaction.BACKOFF:
            delay = min(timedelta(seconds=2**doublings), _BACKOFF_CAP)
        case Reaction.PAIR_LIMIT:
            delay = min(timedelta(seconds=4**doublings), _PAIR_CAP)
        case Reaction.LATER:
            delay = min(_LATER_STEP * 2**doublings, _LATER_CAP)
        case Reaction.WAIT_DAY:
            delay = timedelta(hours=24)
        case Reaction.WAIT_THREE_DAYS:
            delay = timedelta(hours=72)
        case _:
            delay = None
    if delay is None or retry_after is None:
        return delay
    return max(delay, retry_after)


def probe_delay(probes: int) -> timedelta:
    """Return how long a paused sending stands still before one message is tried, after so many."""
    return min(_FIRST_PROBE * (1 << min(probes, 16)), _PROBE_CAP)
