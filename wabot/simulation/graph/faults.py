"""Faults on request: the next messages meet them, in the order in which they were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong; exactly one of the first eight fields is set.

    `count` messages meet it (0: all, until it is cleared), of one number or recipient (digits or
    user id) where these are named. Messages that are refused anyway do not use it up.
    """

    code: int | None = None
    """Refuse with this Graph error."""
    http: int | None = None
    """Answer with this status and a page that is no JSON."""
    timeout: float | None = None
    """Take nothing, wait that long, then drop the connection."""
    delay: float | None = None
    """Take the message, answer that much later."""
    drop: bool = False
    """Take nothing and drop the connection."""
    drop_after_accept: bool = False
    """Take the message, drop the connection in place of an answer."""
    garbage: bool = False
    """Take the message, answer 200 with something that is no JSON."""
    fail_status: int | None = None
    """Take the message, later tell by status that it failed with this code."""
    details: str = ""
    retry_after: int = 0
    count: int = 1
    phone_number_id: str = ""
    recipient: str = ""

    def __post_init__(self) -> None:
        values = (getattr(self, name) for name in KINDS)
        # By identity: 0 is a code (authentication) and equals False.
        if sum(value is not None and value is not False for value in values) != 1:
            raise ValueError(f"a fault needs exactly one of: {', '.join(KINDS)}")
        if self.count < 0:
            raise ValueError("count must be 0 (until cleared) or more")

    @staticmethod
    def from_json(plain: object) -> "Fault":
        """Read a fault from JSON; raises ValueError naming what is wrong."""
        if not isinstance(plain, dict):
            raise ValueError("a fault is a JSON object")
        known: dict[str, Any] = {}
        for key, value in plain.items():
            if key not in _TYPES:
                raise ValueError(f"unknown key {key!r}; known are: {', '.join(_TYPES)}")
            if not isinstance(value, _TYPES[key]) or isinstance(value, bool) != (key in _FLAGS):
                raise ValueError(f"{key} has a value of the wrong type")
            known[key] = value
        return Fault(**known)

    def meets(self, phone_number_id: str, recipients: tuple[str, ...]) -> bool:
        """Tell whether a message of that number to that recipient meets the fault."""
        return self.phone_number_id in {"", phone_number_id} and (
            not self.recipient or self.recipient.lstrip("+") in recipients
        )


KINDS = (
    "code",
    "http",
    "timeout",
    "delay",
    "drop",
    "drop_after_accept",
    "garbage",
    "fail_status",
)
_FLAGS = {"drop", "drop_after_accept", "garbage"}
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    **{spec.name: int for spec in fields(Fault)},
    **dict.fromkeys(("timeout", "delay"), (int, float)),
    **dict.fromkeys(("details", "phone_number_id", "recipient"), str),
    **dict.fromkeys(_FLAGS, bool),
}


@dataclass(slots=True)
class Faults:
    """The faults still to be met."""

    _waiting: list[tuple[Fault, int]] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Ask for a fault; raises ValueError when a hundred wait already."""
        if len(self._waiting) >= 100:
            raise ValueError("a hundred faults are waiting already")
        self._waiting.append((fault, fault.count))

    def take(self, phone_number_id: str, recipients: tuple[str, ...]) -> Fault | None:
        """Return the fault that this message meets, and count it."""
        for position, (fault, left) in enumerate(self._waiting):
            if fault.meets(phone_number_id, recipients):
                if left == 1:
                    del self._waiting[position]
                elif left > 1:
                    self._waiting[position] = (fault, left - 1)
                return fault
        return None

    def waiting(self) -> tuple[Fault, ...]:
        """Return the faults not used up."""
        return tuple(fault for fault, _ in self._waiting)

    def clear(self) -> None:
        """Drop all faults."""
        self._waiting.clear()
