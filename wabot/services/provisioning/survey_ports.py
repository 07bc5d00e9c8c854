"""What the doctor needs of the outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from wabot.domain.drift import Difference
from wabot.domain.places import Places


@dataclass(frozen=True, slots=True)
class Shop:
    """A client as the central table has it; `token` is ciphertext."""

    id: UUID
    slug: str
    status: str
    template: str
    ledger: str
    places: Places
    token: str = field(default="", repr=False)
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Power:
    """Something that a shop's role may do and must not, with the statements that take it away."""

    what: str
    sql: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoginFault:
    """Why servers cannot log in where a shop has a server of its own."""

    what: str
    curable: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """What stands of a shop; `versions` is what its own version table says.

    `misplaced` says why the place or the role is not surely its own, with `marking` statements
    where only a comment is missing: then nothing else was looked at. `rights` are the statements
    that its role lacks, `differences` come with the statements that would repair them: harmless
    ones first, then those that take something away.
    """

    exists: bool
    versions: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    differences: tuple[tuple[Difference, tuple[str, ...], bool], ...] = ()
    unknown: str = ""
    misplaced: str = ""
    marking: tuple[str, ...] = ()
    powers: tuple[Power, ...] = ()
    login: LoginFault | None = None


@dataclass(frozen=True, slots=True)
class Stray:
    """A schema, a group of tables with a prefix, or a role, of a client that is not there.

    `tables` counts what it holds; `sql` removes it. With a `slug` the client is there, and lives
    elsewhere by its placement: one of both is wrong, and nothing may be removed. Without a
    `client` its name alone tells that it is wabot's. `server` names another server than the
    central one, where other installations may have shops as well.
    """

    kind: str
    name: str
    client: str
    tables: int
    sql: str
    slug: str = ""
    server: str = ""


class Survey(Protocol):
    """Looks at what the catalogues say, and repairs."""

    def shops(self, slugs: Collection[str] | None) -> tuple[Shop, ...]:
        """Return the clients by slug, all or the named ones."""
        ...

    def examine(self, shops: Sequence[Shop]) -> Mapping[UUID, Condition]:
        """Look at the shops' tables; a database that does not answer is noted in `unknown`."""
        ...

    def strays(self) -> tuple[Stray, ...]:
        """Return what the central database and other servers hold of clients not there."""
        ...

    def repair(self, shop: Shop, statements: Sequence[str], *, actor: str) -> str:
        """Run the statements in one transaction; return why that failed, if it did."""
        ...

    def renew_login(self, shop: Shop, *, actor: str) -> str:
        """Let servers log in to the shop's own server; return why that failed, if it did."""
        ...

    def remove(self, stray: Stray, *, actor: str) -> str:
        """Remove a stray thing; return why that failed, if it did."""
        ...
