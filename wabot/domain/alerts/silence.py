"""When it is odd that nobody writes to a shop, judged by its own habits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wabot.domain.alerts.findings import Finding
from wabot.domain.alerts.rules import Rule
from wabot.domain.counted import counted


@dataclass(frozen=True, slots=True)
class Hour:
    """Messages of an hour that is over, and of the same hour in each of the four weeks before."""

    begins: datetime
    received: int
    before: tuple[int, ...]

    @property
    def usual(self) -> int:
        """Return what may be expected: the second lowest, so that one odd week does not count."""
        return sorted(self.before)[1] if len(self.before) > 1 else 0


@dataclass(frozen=True, slots=True)
class Hours:
    """A shop's hours, the latest first; `since` is what came in the hour that goes on."""

    client_id: UUID
    slug: str
    since: int
    hours: tuple[Hour, ...]


EXPECTED = 20
"""So many messages must be missing: fewer may stay away by chance."""


def silent_hours(shop: Hours, is_open: Callable[[datetime], bool]) -> int:
    """Return for how many hours a busy shop has been silent; 0 when that is nothing unusual."""
    if shop.since:
        return 0
    missing = 0
    for count, hour in enumerate(shop.hours, 1):
        if hour.received:
            return 0
        missing += hour.usual if is_open(hour.begins) else 0
        if missing >= EXPECTED:
            return count
    return 0


@dataclass(frozen=True, slots=True)
class Silent:
    """A busy shop that has been silent for so many hours."""

    client_id: UUID
    slug: str
    hours: int


def shops_silent(silent: Sequence[Silent], received_by_all: int) -> list[Finding]:
    """Find shops that customers seem not to reach; none when it is the webhooks of all."""
    if webhooks_silent(silent, received_by_all):
        return []
    return [
        Finding(
            f"{Rule.SHOP_SILENT}:{shop.client_id}",
            shop.client_id,
            f"No customer has written to {shop.slug} for {counted(shop.hours, 'full hour')};"
            f" in other weeks at least {EXPECTED} messages had come by now.",
        )
        for shop in silent
    ]


def webhooks_silent(silent: Sequence[Silent], received_by_all: int) -> list[Finding]:
    """Find that nothing at all arrives although several shops are busy at this time."""
    if received_by_all or len(silent) < 3:
        return []
    named = ", ".join(shop.slug for shop in silent[:5])
    hours = counted(min(shop.hours for shop in silent), "full hour")
    said = (
        f"No message of any shop has arrived for {hours};"
        f" {counted(len(silent), 'shop')} are busy at this time of the week, among them {named}."
    )
    return [Finding(f"{Rule.WEBHOOKS_SILENT}:all", None, said)]
