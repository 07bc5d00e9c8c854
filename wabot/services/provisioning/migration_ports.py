"""What migrating tenants needs of the outside."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from wabot.domain.migration import Revision
from wabot.domain.tenant import Placement


@dataclass(frozen=True, slots=True)
class Standing:
    """How many tenants stand at a ledger, and how many of them are active."""

    tenants: int
    active: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tenant whose tables may have to move on; `ledger` is what it is believed to be at."""

    id: UUID
    slug: str
    ledger: str
    placement: Placement


class Result(StrEnum):
    """How a tenant's migration ended."""

    MIGRATED = "migrated"
    # By another command, meanwhile.
    ALREADY = "already"
    FAILED = "failed"
    # Something holds it: worth another try.
    BUSY = "busy"
    # A canary failed before its turn came.
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one tenant."""

    slug: str
    result: Result
    before: str
    after: str
    seconds: float = 0.0
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether the tenant is not where it should be."""
        return self.result in {Result.FAILED, Result.BUSY, Result.NOT_STARTED}


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done with the tenants that stand at one ledger; `sql` has the marks in it.

    `tables` are those it makes; nothing is done unless those of `must_hold` have as many rows.
    """

    before: str
    after: str
    sql: str
    tables: tuple[str, ...] = ()
    must_hold: Mapping[str, int] = field(default_factory=dict)
    action: str = "tenant.migrate"


class Line(Protocol):
    """The revisions at hand, as SQL."""

    def branch(self, name: str) -> tuple[Revision, ...]:
        """Return a branch's revisions, oldest first; UnknownChoice when there is no such branch."""
        ...

    def steps_sql(self, revisions: Iterable[Revision]) -> str:
        """Return the revisions one after the other, each with its move of the version table."""
        ...

    def new_tables(self, revisions: Iterable[Revision]) -> tuple[str, ...]:
        """Return the tables that the revisions make, without marks."""
        ...


class Fleet(Protocol):
    """All tenants and their tables, wherever these live; safe to use from several threads."""

    def standings(self) -> Mapping[str, Standing]:
        """Return who stands where, by ledger, in one query."""
        ...

    def candidates(
        self, ledgers: Collection[str], slugs: Collection[str] | None
    ) -> tuple[Candidate, ...]:
        """Return the tenants at these ledgers by slug, all or the named ones."""
        ...

    def unknown(self, slugs: Collection[str]) -> tuple[str, ...]:
        """Return the slugs that no tenant has."""
        ...

    def migrate(
        self, candidate: Candidate, work: Work, *, actor: str, patient: bool = False
    ) -> Outcome:
        """Do the work in one transaction, or nothing of it.

        What another command works on is left to it at once, or, when patient, after a wait.
        """
        ...

    def rows(self, candidate: Candidate, tables: Collection[str]) -> Mapping[str, int]:
        """Count the rows of some of a tenant's tables."""
        ...
