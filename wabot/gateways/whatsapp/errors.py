"""Graph's error codes and how we react to each.

Decided by code and details, never by HTTP status, title or subcode: Meta changes those freely.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wabot.domain.delivery import Reaction
from wabot.errors import ExternalFailure

MAYBE_SENT = frozenset({506})
"""Refusals that do not prove that nothing was sent (506: "duplicate post")."""

_CODES: dict[Reaction, tuple[int, ...]] = {
    # 1: invalid request or server error; 131000: unknown error.
    Reaction.RETRY_FEW: (1, 131000),
    # Overload, maintenance (a throughput upgrade takes a minute), throughput of the number.
    Reaction.BACKOFF: (2, 130429, 131016, 131057, 133004, 2494100),
    Reaction.PAIR_LIMIT: (131056,),
    # Call limits of the app or account, counted by the hour.
    Reaction.LATER: (4, 80007, 80008),
    Reaction.PAUSE_TENANT: (
        *(0, 190),  # token expired or invalidated
        *(3, 10, 131005),  # permission missing (200 to 299 as well, see `reaction_to`)
        *(368, 130497, 131031),  # account restricted, locked, not allowed in that country
        *(131037, 131045, 133006, 133010),  # number not registered, verified or named
        *(131042, 134011),  # payment method or terms
        *(131048, 131064),  # number limited after complaints or misclassified templates
    ),
    Reaction.NORMALISE_ONCE: (131030,),
    Reaction.USE_TEMPLATE: (131047,),
    Reaction.USE_PHONE: (131062,),
    Reaction.ASK_AGAIN: (131052,),
    Reaction.WAIT_DAY: (130472, 131049),
    Reaction.WAIT_THREE_DAYS: (133016,),
    Reaction.NEVER_TO_USER: (130403, 131050),
    Reaction.GIVE_UP: (
        *(33, 100, 131008, 131009, 131051, 131055, 135000),  # our request is wrong
        *(131021, 131026, 137000),  # the recipient cannot get it
        *(131053, 131060, 131063),  # media, content not available, marketing switched off
        *(132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132018),  # template
        *(132068, 132069),  # flow blocked or throttled
        *(133000, 133005, 133008, 133009, 133015),  # registration: PIN, pending deletion
    ),
}

# What Meta says of a number that was deleted, or that the token may not use (any more): under the
# code of a wrong parameter, though every message of the shop would meet it.
_PARAMETER = 100
_NOT_OURS = "does not exist, cannot be loaded due to missing permissions"

REACTIONS: Mapping[int, Reaction] = MappingProxyType(
    {code: reaction for reaction, codes in _CODES.items() for code in codes}
)


def reaction_to(code: int, *, transient: bool = False) -> Reaction:
    """Return how to react to a Graph error code; Meta's own hint decides about unknown ones."""
    if code in REACTIONS:
        return REACTIONS[code]
    if 200 <= code <= 299:
        return Reaction.PAUSE_TENANT
    return Reaction.BACKOFF if transient else Reaction.GIVE_UP


def reaction_to_status(status: int) -> Reaction | None:
    """Return how to react to an HTTP status without a Graph error, None when it proves nothing.

    A proxy's 502 or 504 may stand for a message that Meta took.
    """
    if status in {429, 503}:
        return Reaction.BACKOFF
    if status in {401, 403}:
        return Reaction.PAUSE_TENANT
    return Reaction.GIVE_UP if 400 <= status < 500 else None


@dataclass(frozen=True, slots=True)
class GraphError:
    """The `error` object of an answer; parts that Meta left out are empty."""

    code: int
    message: str
    details: str = ""
    subcode: int | None = None
    transient: bool = False
    trace_id: str = ""

    @property
    def reaction(self) -> Reaction:
        """Return how to react."""
        if self.code == _PARAMETER and _NOT_OURS in self.message:
            return Reaction.PAUSE_TENANT
        return reaction_to(self.code, transient=self.transient)

    def __str__(self) -> str:
        told = f"{self.message}: {self.details}" if self.details else self.message
        return f"{told} (code {self.code})" if f"#{self.code}" not in told else told


def read_error(answer: object) -> GraphError | None:
    """Read Graph's error out of a decoded answer, None when it holds none."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return None
    code = _number(error.get("code"))
    if code is None:
        return None
    return GraphError(
        code,
        _text(error.get("message")),
        _details(error.get("error_data")),
        _number(error.get("error_subcode")),
        error.get("is_transient") is True,
        _text(error.get("fbtrace_id")),
    )


def _details(data: Any) -> str:
    """Return error_data's details; Meta sends an object, and at times a bare string."""
    return _text(data.get("details")) if isinstance(data, dict) else _text(data)


def _text(value: object) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None


class GraphFailure(ExternalFailure):
    """Report that Graph refused a query or did not answer it; `error` is what it said."""

    code = "graph_failure"

    def __init__(
        self,
        message: str,
        *,
        error: GraphError | None = None,
        hint: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, retryable=retryable)
        self.error = error
