"""Counts what each shop receives and sends, for the rules that look at shares and habits."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from wabot.services.runtime.measuring import Measures

COUNTED = ("received", "accepted", "failed", "undelivered", "orders")


@dataclass
class Counts:
    """Numbers by slug, for each of what is counted."""

    numbers: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in COUNTED}
    )

    def __bool__(self) -> bool:
        return any(self.numbers.values())

    def add(self, other: "Counts") -> None:
        """Take those of another in: what could not be written down."""
        for name, counter in other.numbers.items():
            self.numbers[name].update(counter)

    def by_slug(self) -> Mapping[str, tuple[int, ...]]:
        """Return a row of numbers for each slug."""
        slugs = {slug for counter in self.numbers.values() for slug in counter}
        return {slug: tuple(self.numbers[n][slug] for n in COUNTED) for slug in sorted(slugs)}


class Tally(Measures):
    """Takes note of what the rules need and lets `others` take note of everything."""

    def __init__(self, others: Measures) -> None:
        self._others = others
        self._counts = Counts()
        for name in vars(Measures):
            if not name.startswith("_") and name not in vars(Tally):
                setattr(self, name, getattr(others, name))

    def received(self, tenant: str, kind: str, result: str) -> None:
        """Note a message of a person."""
        if tenant and result == "accepted":
            self._counts.numbers["received"][tenant] += 1
        self._others.received(tenant, kind, result)

    def sent(self, tenant: str, kind: str, result: str) -> None:
        """Note what became of a message handed to Graph."""
        if result == "accepted":
            self._counts.numbers["accepted"][tenant] += 1
        self._others.sent(tenant, kind, result)

    def not_taken(self, tenant: str) -> None:
        """Note a message that Meta did not take, for no fault of the message."""
        self._counts.numbers["failed"][tenant] += 1
        self._others.not_taken(tenant)

    def undelivered(self, tenant: str) -> None:
        """Note a message that will not arrive."""
        self._counts.numbers["undelivered"][tenant] += 1
        self._others.undelivered(tenant)

    def order(self, tenant: str) -> None:
        """Note an order."""
        self._counts.numbers["orders"][tenant] += 1
        self._others.order(tenant)

    def take(self) -> Counts:
        """Return what was counted since the last time."""
        taken, self._counts = self._counts, Counts()
        return taken

    def give_back(self, counts: Counts) -> None:
        """Count that again: it could not be written down."""
        self._counts.add(counts)
