"""What a check is, what it says, and what is reported of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from wabot.errors import WabotError

C = TypeVar("C")


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"
    CRASHED = "crashed"


class Severity(StrEnum):
    """What a check's failure means: a warning leaves the platform working."""

    WARNING = "warning"
    ERROR = "error"


class Outcome(NamedTuple):
    """What a check says; without a status it failed at its own severity.

    Unless it was `asked`, nothing is known: what was found before may still hold.
    """

    status: Status | None
    detail: str
    fix: str = ""
    asked: bool = True


def good(detail: str = "") -> Outcome:
    """Say that all is as it should be."""
    return Outcome(Status.OK, detail)


def bad(detail: str, fix: str) -> Outcome:
    """Say what is wrong, at the check's own severity, and what repairs it."""
    return Outcome(None, detail, fix)


def warn(detail: str, fix: str) -> Outcome:
    """Say what is wrong without being an error, and what repairs it."""
    return Outcome(Status.WARNING, detail, fix)


def skip(reason: str) -> Outcome:
    """Say why there is nothing to check: not configured, not of this kind of installation."""
    return Outcome(Status.SKIPPED, reason)


def later(reason: str) -> Outcome:
    """Say why the question could not be asked now."""
    return Outcome(Status.SKIPPED, reason, asked=False)


@dataclass(frozen=True, slots=True)
class Check(Generic[C]):
    """One question; `id` is its category, a dot and its name, and never changes.

    `needs` are ids of checks that must not fail before this one makes sense. `timeout` is in
    seconds; so is `every`, after which it is made again beside a server: a group's checks at once,
    by the least of theirs.
    """

    id: str
    title: str
    run: Callable[[C], Awaitable[Outcome]]
    needs: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    timeout: float = 10.0
    every: float = 300.0

    @property
    def category(self) -> str:
        """Return what it belongs to."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class CheckSet(Generic[C]):
    """Checks with what they look at: a context by subject, '' where there is but one.

    `contexts` is awaited once `needs` are good; a WabotError of it fails the checks. With `shops`
    the subjects are tenants: a failure concerns that shop alone.
    """

    checks: tuple[Check[C], ...]
    contexts: Callable[[], Awaitable[Mapping[str, C]]]
    needs: tuple[str, ...] = ()
    shops: bool = False

    @property
    def all_needs(self) -> set[str]:
        """Return what the set and its checks need."""
        return {*self.needs, *(need for check in self.checks for need in check.needs)}


def at_hand(contexts: Mapping[str, C]) -> Callable[[], Awaitable[Mapping[str, C]]]:
    """Return the contexts of a set that need not be fetched."""

    async def fetch() -> Mapping[str, C]:
        return contexts

    return fetch


def alone(context: C) -> Callable[[], Awaitable[Mapping[str, C]]]:
    """Return the contexts of a set that looks at one thing, which is at hand."""
    return at_hand({"": context})


@dataclass(frozen=True, slots=True)
class Result:
    """What is reported of one check; `title`, `subject` and `shop` are for who shows it."""

    id: str
    category: str
    status: Status
    detail: str
    fix: str
    duration_ms: int
    title: str
    subject: str = ""
    shop: bool = False
    # Whether anything is known by it: a check may be skipped for what it needs, or for limits.
    asked: bool = field(default=True, compare=False)
    # What a failure was raised as: it decides on the exit code of a server that cannot start.
    error: WabotError | None = field(default=None, compare=False, repr=False)

    @property
    def check_id(self) -> str:
        """Return the id of the check, whatever its subject."""
        return self.id.partition(":")[0]

    @property
    def failed(self) -> bool:
        """Tell whether the check failed, or could not be made for a bug."""
        return self.status in {Status.ERROR, Status.CRASHED}

    def is_problem(self, *, strict: bool = False) -> bool:
        """Tell whether something is to be done; `strict` counts warnings."""
        return self.failed or (strict and self.status is Status.WARNING)

    def matches(self, names: Iterable[str]) -> bool:
        """Tell whether one of the names is its category, its check's id, or its own."""
        return not {self.category, self.check_id, self.id}.isdisjoint(names)

    def as_data(self) -> dict[str, Any]:
        """Return what a document carries of it."""
        return {
            "id": self.id,
            "category": self.category,
            "status": self.status.value,
            "detail": self.detail,
            "fix": self.fix,
            "duration_ms": self.duration_ms,
        }
