"""Revisions of tenants' tables: a base line that all follow, and branches that some add."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from wabot.errors import ConfigurationError, InvalidInput

BASE = "base"


class RevisionKind(StrEnum):
    """Whether the servers of the previous release keep working after a revision."""

    EXPAND = "expand"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a branch; `previous` is empty for its first."""

    id: str
    branch: str
    kind: RevisionKind
    message: str
    previous: str = ""
    depends_on: tuple[str, ...] = ()


Branches = Callable[[str], tuple[Revision, ...]]
"""Gives a branch's revisions, oldest first; an unknown branch raises UnknownChoice."""


def branch_of(revision: str) -> str:
    """Return the branch that a revision's id names: `agua` for `agua_0003`."""
    return revision.rpartition("_")[0]


def parse_ledger(ledger: str) -> tuple[str, ...]:
    """Return the newest revision of each branch, as `clients.schema_revision` holds them."""
    return tuple(sorted(filter(None, ledger.split(","))))


def to_ledger(revisions: Iterable[str]) -> str:
    """Return the form in which `clients.schema_revision` holds them."""
    return ",".join(sorted(revisions))


def modules_of(ledger: str) -> tuple[str, ...]:
    """Return the branches that a tenant follows besides the base line."""
    return tuple(sorted({branch_of(revision) for revision in parse_ledger(ledger)} - {BASE}))


def heads(branches: Branches, modules: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the newest revision of the base line and of each module, sorted."""
    return tuple(sorted(branches(name)[-1].id for name in {BASE, *modules}))


def pending(branches: Branches, ledger: str) -> tuple[Revision, ...]:
    """Return what a tenant at this ledger still lacks, in the order in which it is to run."""
    missing: dict[str, Revision] = {}
    for applied in parse_ledger(ledger):
        line = branches(branch_of(applied))
        ids = [revision.id for revision in line]
        if applied not in ids:
            raise ConfigurationError(
                f"revision {applied} is not known to this wabot",
                hint="A newer wabot migrated it. Install that version or a later one.",
            )
        missing |= {revision.id: revision for revision in line[ids.index(applied) + 1 :]}
    return in_order(missing.values())


def in_order(revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """Sort revisions so that each follows what it builds on; the base line goes first."""
    known = {revision.id: revision for revision in revisions}
    before = {
        revision.id: {
            needed for needed in (revision.previous, *revision.depends_on) if needed in known
        }
        for revision in known.values()
    }
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:
        raise InvalidInput(f"revisions depend on each other in a circle: {error.args[1]}") from None
    found: list[Revision] = []
    ready: list[str] = []
    while sorter.is_active():
        ready += sorter.get_ready()
        # The base line as far as it goes, then the branches by name.
        chosen = min(ready, key=lambda name: (branch_of(name) != BASE, name))
        ready.remove(chosen)
        found.append(known[chosen])
        sorter.done(chosen)
    return tuple(found)


def allowed(
    branches: Branches, steps: Iterable[Revision], active: Collection[str]
) -> tuple[Revision, ...]:
    """Return the steps that may run now; `active` are the ledgers of the active tenants.

    A contracting step waits until every active tenant that follows its branch stands at the
    revision before it; what builds on a step that waits, waits with it.
    """
    behind = {step.id for ledger in active for step in pending(branches, ledger)}
    waiting: set[str] = set()
    found = []
    for step in steps:
        held = step.kind is RevisionKind.CONTRACT and step.previous in behind
        if held or waiting & {step.previous, *step.depends_on}:
            waiting.add(step.id)
        else:
            found.append(step)
    return tuple(found)
