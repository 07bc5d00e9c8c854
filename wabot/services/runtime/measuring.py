"""What the runtime tells whoever measures it; nobody does unless the process is composed so."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vitals:
    """How one process is doing at the moment."""

    held: int
    pools: "Sequence[PoolUse]"
    breakers_open: int


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections to databases: open ones, those in use, requests that wait for one."""

    name: str
    open: int
    in_use: int
    waiting: int


class Measures:
    """Takes note of what happens; this one of nothing. Cheap enough for every message."""

    def webhook(self, code: int, seconds: float) -> None:
        """Note an answered webhook."""

    def received(self, tenant: str, kind: str, result: str) -> None:
        """Note a message of a person, and whether it was kept."""

    def status(self, status: str) -> None:
        """Note what Meta told of a message of ours."""

    def duplicates(self, count: int) -> None:
        """Note events that were there already."""

    def turn(self, result: str, seconds: float) -> None:
        """Note a turn and how it ended."""

    def replied(self, seconds: float) -> None:
        """Note how long a customer's message took to be answered."""

    def session(self) -> None:
        """Note a customer who begins, or comes back after their session ran out."""

    def order(self, tenant: str) -> None:
        """Note an order."""

    def handoff(self, tenant: str, reason: str) -> None:
        """Note a conversation that goes to a person."""

    def sent(self, tenant: str, kind: str, result: str) -> None:
        """Note what became of a message handed to Graph."""

    def not_taken(self, tenant: str) -> None:
        """Note a message that Meta did not take, for no fault of the message."""

    def undelivered(self, tenant: str) -> None:
        """Note a message that will not arrive."""

    def graph(self, status: int | None, code: int | None, seconds: float) -> None:
        """Note a request to Graph: its HTTP status, if any came, and Graph's error code."""

    def file(self, kind: str, result: str) -> None:
        """Note what became of a customer's file."""

    def alert(self, rule: str) -> None:
        """Note an alert."""

    def lease_lost(self) -> None:
        """Note a conversation that another process took over in the middle of work."""


UNMEASURED = Measures()
