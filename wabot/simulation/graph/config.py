"""How the stand-in is set up."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from wabot.simulation.graph.templates import Template


class StatusLevel(StrEnum):
    """How far an accepted message gets: each level includes those before it."""

    NONE = "none"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"

    @property
    def words(self) -> tuple[str, ...]:
        """Return the statuses that are told, in order."""
        return _WORDS[: _WORDS.index(self) + 1] if self in _WORDS else ()


_WORDS = ("sent", "delivered", "read")

MESSAGING = "whatsapp_business_messaging"
MANAGEMENT = "whatsapp_business_management"


@dataclass(frozen=True, slots=True)
class Number:
    """A business number that the stand-in knows, and a token that may use it.

    `expires_at` is when the token ends, in seconds of the epoch; 0 is never.
    """

    phone_number_id: str
    token: str = field(repr=False)
    display_phone_number: str = "15550100000"
    verified_name: str = "Tienda"
    waba_id: str = "900100200300"
    expires_at: int = 0
    scopes: tuple[str, ...] = (MESSAGING, MANAGEMENT)


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """All settings; without numbers, any number id and any token are taken.

    Statuses go to `callback_url`, signed with `app_secret`. `throughput` is messages per second and
    number, 0 for no limit; `pair_limit` applies Meta's limit per user. `clock` dates the statuses,
    `timer` measures pauses. At most `kept` messages are remembered.
    With `windows`, only templates go to who did not write within 24 hours (tell the stand-in who
    does); without `templates`, any template exists. `account_calls` is how many questions about an
    account are answered in an hour, 0 for no limit.
    """

    numbers: tuple[Number, ...] = ()
    app_id: str = "100200300400"
    app_secret: str = field(default="", repr=False)
    callback_url: str = ""
    statuses: StatusLevel = StatusLevel.NONE
    status_delay: float = 0.0
    pair_limit: bool = False
    throughput: int = 0
    windows: bool = False
    templates: tuple[Template, ...] | None = None
    account_calls: int = 0
    kept: int = 10_000
    clock: Callable[[], float] = time.time
    timer: Callable[[], float] = time.monotonic

    def number(self, phone_number_id: str, token: str) -> Number | None:
        """Return the number when the token may use it."""
        if not self.numbers:
            return Number(phone_number_id, token) if phone_number_id.isdecimal() else None
        for known in self.numbers_of(token):
            if known.phone_number_id == phone_number_id:
                return known
        return None

    def numbers_of(self, token: str) -> tuple[Number, ...]:
        """Return the numbers that the token may use; none once it has ended."""
        now = self.clock()
        return tuple(n for n in self.numbers if n.token == token and not 0 < n.expires_at <= now)

    def knows_token(self, token: str) -> bool:
        """Tell whether the token opens anything."""
        return bool(token) and (not self.numbers or bool(self.numbers_of(token)))
