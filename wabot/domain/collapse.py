"""Which answers are no longer worth sending when sending starts again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

STALE_AFTER = timedelta(minutes=10)
SUPERSEDED = "a newer answer took its place after a stop of sending"


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message to a customer that was certainly not sent; `essential` ones always go."""

    id: UUID
    made_at: datetime
    essential: bool


def superseded(messages: Sequence[Unsent], now: datetime) -> frozenset[UUID]:
    """Return the stale messages, of a sequence to one customer, that a later one replaces.

    The newest tells where the conversation stands, and its options are the ones that work.
    """
    return frozenset(
        message.id
        for message in messages[:-1]
        if not message.essential and now - message.made_at > STALE_AFTER
    )
