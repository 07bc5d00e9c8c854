"""What evaluating rules needs from the outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from wabot.domain.alerts.account import Word
from wabot.domain.alerts.findings import (
    Backup,
    Disk,
    Finding,
    Host,
    Token,
    Traffic,
    Unpaid,
    Unrouted,
    WaitingOrders,
)
from wabot.domain.alerts.rules import Rule
from wabot.domain.alerts.silence import Hours
from wabot.domain.hours import OpeningHours
from wabot.domain.tenant import Tenant
from wabot.services.alerts.tally import Counts


@dataclass(frozen=True, slots=True)
class AccountNews:
    """Something that Meta told of an account, as it is stored."""

    id: int
    field: str
    value: Mapping[str, Any]
    phone_number_id: str
    waba_id: str


class Rounds(Protocol):
    """Who looks at what, and when; of several processes one."""

    async def register(self, rounds: dict[str, timedelta]) -> None:
        """Let rounds be known; those that are stay when they are due."""

    async def claim_due(self, rounds: dict[str, timedelta]) -> dict[str, dict[str, Any]]:
        """Take the rounds that are due, for this process alone; return what each remembers."""

    async def remember(self, name: str, memory: dict[str, Any]) -> None:
        """Keep how far a round has come."""

    async def reconcile(
        self,
        rule: Rule,
        findings: Sequence[Finding],
        scope: str = "",
        spared: Collection[str] = (),
    ) -> None:
        """Raise what was found, resolve what else stands of the rule below that scope."""

    async def standing(self, rule: Rule) -> set[str]:
        """Return the keys of a rule's alerts that stand."""

    async def settle(self, rules: dict[str, timedelta]) -> None:
        """Resolve alerts that did not happen again for as long as their rule says."""

    async def purge(self) -> None:
        """Delete what no rule looks at any more."""

    async def beat(self) -> None:
        """Say that this process is alive."""

    async def say_goodbye(self) -> None:
        """Say that this process ends, and that it is meant to."""


class Facts(Rounds, Protocol):
    """What is known centrally."""

    async def now(self) -> datetime:
        """Return the database's time."""

    async def note_traffic(self, counts: Counts) -> None:
        """Add what this process counted."""

    async def traffic(self, window: timedelta) -> list[Traffic]:
        """Return the shops of which something failed lately."""

    async def unpaid(self) -> list[Unpaid]:
        """Return the shops whose sending stands still for want of a payment method."""

    async def tokens(self, within: timedelta) -> list[Token]:
        """Return the tokens of active shops that end within that time."""

    async def unrouted(self) -> list[Unrouted]:
        """Return what waits because no client has its number, or is bound to another app."""

    async def account_news(self, after: int) -> list[AccountNews]:
        """Return what Meta told of accounts since that event, the oldest first."""

    async def take_word(self, word: Word, account: str) -> None:
        """Raise or resolve what Meta's word says."""

    async def quiet_shops(self, hours: int) -> list[Hours]:
        """Return active shops without a message in this hour and the last, with their habits."""

    async def still_silent(self, rules: Sequence[Rule]) -> list[str]:
        """Return the keys of standing alerts since which no message has come."""

    async def received_by_all(self) -> int:
        """Return how many messages came in this hour and the last, of all shops."""

    async def shops_with_orders(self) -> list[UUID]:
        """Return the ids of active shops that got orders within a day."""

    async def connections(self) -> tuple[int, int]:
        """Return the connections of the server and how many it allows."""

    async def database_size(self) -> int:
        """Return the size of the central database in bytes."""

    async def backups(self, older_than: timedelta) -> list[Backup]:
        """Return active shops that were not exported for so long."""

    async def hosts(self) -> list[Host]:
        """Return the machines that served within a day."""


class ShopFacts(Protocol):
    """What only a shop's own tables know; any of them may be away."""

    async def opening_hours(self, tenant: Tenant) -> OpeningHours:
        """Return when the shop is open."""

    async def waiting_orders(self, tenant: Tenant, default_minutes: int) -> WaitingOrders:
        """Return the orders that wait for too long; none where nobody wants to know."""


class Disks(Protocol):
    """The disks of this machine."""

    def look(self) -> list[Disk]:
        """Return how full the disks of the folders that matter are; blocking."""
