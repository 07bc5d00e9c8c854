"""How a tenant's tables differ from what its revision makes."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """Something that a catalogue says, without the tenant's schema and prefix in it."""

    kind: str
    table: str
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A thing that is missing (`found` is empty), too much (`expected` is), or another."""

    kind: str
    table: str
    name: str
    expected: str
    found: str

    def __str__(self) -> str:
        what = f"{self.kind} {self.table}{'.' if self.name else ''}{self.name}"
        if not self.found:
            return f"{what} is missing"
        if not self.expected:
            return f"{what} is not of this revision"
        return f"{what} is {self.found}, expected {self.expected}"


def compare(expected: Iterable[Fact], found: Iterable[Fact]) -> tuple[Difference, ...]:
    """Return the differences; parts of a table that is missing or too much are not listed."""
    wanted = {(fact.kind, fact.table, fact.name): fact.definition for fact in expected}
    there = {(fact.kind, fact.table, fact.name): fact.definition for fact in found}
    whole = {table for kind, table, _ in wanted.keys() ^ there.keys() if kind == "table"}
    differences = []
    for key in sorted(wanted.keys() | there.keys()):
        kind, table, name = key
        one, other = wanted.get(key, ""), there.get(key, "")
        part_of_whole = table in whole and kind != "table"
        if one != other and not part_of_whole:
            differences.append(Difference(kind, table, name, one, other))
    return tuple(differences)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and the command that repairs it.

    `sql` is what the repair runs in the tenant's database: harmless when `safe`, and otherwise
    only after somebody looked at it. `confirm` names what has to be confirmed for data to go.
    """

    slug: str
    kind: str
    what: str
    repair: str
    sql: tuple[str, ...] = ()
    safe: bool = False
    confirm: str = ""
