"""Bring tenants to the newest revision: many at once, each in a transaction of its own."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from random import random

from wabot.domain import migration
from wabot.domain.migration import Revision, branch_of, parse_ledger, to_ledger
from wabot.errors import NotFound, Refused, WabotError
from wabot.services.provisioning.migration_ports import (
    Candidate,
    Fleet,
    Line,
    Outcome,
    Result,
    Work,
)

TRIES = 3


@dataclass(frozen=True, slots=True)
class Group:
    """The tenants that stand at one ledger, and the steps that they are to take now."""

    before: str
    after: str
    steps: tuple[Revision, ...]
    tenants: tuple[Candidate, ...]
    # Why nothing can be done for them.
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """Who is to move, from where to where; `held` are steps that have to wait."""

    groups: tuple[Group, ...] = ()
    held: tuple[str, ...] = ()
    at_head: int = 0

    @property
    def total(self) -> int:
        """Return how many tenants are concerned."""
        return sum(len(group.tenants) for group in self.groups)


@dataclass(frozen=True, slots=True)
class MigrateTenants:
    """The use case; `pause` is given so that tests need not wait."""

    fleet: Fleet
    line: Line
    pause: Callable[[float], None]
    actor: str

    def plan(self, slugs: Sequence[str] | None = None) -> MigrationPlan:
        """Find who is behind, of all tenants or of the named ones; changes nothing."""
        if slugs is not None and (missing := self.fleet.unknown(slugs)):
            raise NotFound(
                f"there is no tenant {', '.join(missing)}; nothing was changed",
                hint="See all with: wabot tenant list",
            )
        standings = self.fleet.standings()
        asked = sum(s.tenants for s in standings.values()) if slugs is None else len(set(slugs))
        missing_steps: dict[str, tuple[Revision, ...]] = {}
        problems: dict[str, str] = {}
        for ledger in standings:
            try:
                missing_steps[ledger] = migration.pending(self.line.branch, ledger)
            except WabotError as error:
                problems[ledger] = f"{error.message}. {error.hint}".strip()
        late = {ledger for ledger, steps in missing_steps.items() if steps} | set(problems)
        if not late:
            return MigrationPlan(at_head=asked)
        active = [ledger for ledger in missing_steps if standings[ledger].active]
        by_ledger: dict[str, list[Candidate]] = {}
        for candidate in self.fleet.candidates(late, slugs):
            by_ledger.setdefault(candidate.ledger, []).append(candidate)
        groups, held = [], set()
        for ledger, tenants in sorted(by_ledger.items()):
            steps = missing_steps.get(ledger, ())
            now = migration.allowed(self.line.branch, steps, active)
            held |= {step.id for step in steps} - {step.id for step in now}
            if now or ledger in problems:
                after, problem = _after(ledger, now), problems.get(ledger, "")
                groups.append(Group(ledger, after, now, tuple(tenants), problem))
        if held and not groups:
            raise self._refusal(held, [ledger for ledger in active if missing_steps[ledger]])
        behind = sum(len(tenants) for tenants in by_ledger.values())
        return MigrationPlan(tuple(groups), tuple(sorted(held)), at_head=asked - behind)

    def _refusal(self, held: Collection[str], late: Collection[str]) -> Refused:
        names = [candidate.slug for candidate in self.fleet.candidates(late, None)]
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
        return Refused(
            f"{', '.join(sorted(held))} takes something away, and active tenants are behind the"
            f" revision before it: {shown}; nothing was changed",
            hint="First bring these forward: wabot tenant migrate --all",
        )

    def run(self, plan: MigrationPlan, *, jobs: int = 4, canary: int = 0) -> Iterator[Outcome]:
        """Do what the plan says; yields what became of each tenant as it ends."""
        tasks = []
        for group in plan.groups:
            if group.problem:
                for tenant in group.tenants:
                    yield Outcome(
                        tenant.slug, Result.FAILED, group.before, group.before, 0.0, group.problem
                    )
                continue
            work = Work(
                group.before,
                group.after,
                self.line.steps_sql(group.steps),
                self.line.new_tables(group.steps),
            )
            tasks += [(tenant, work) for tenant in group.tenants]
        first, rest = tasks[:canary], tasks[canary:]
        broken = False
        for outcome in self._all(first, jobs):
            broken = broken or outcome.failed
            yield outcome
        if not broken:
            yield from self._all(rest, jobs)
            return
        for tenant, work in rest:
            yield Outcome(
                tenant.slug, Result.NOT_STARTED, work.before, work.before, 0.0, "a canary failed"
            )

    def _all(self, tasks: list[tuple[Candidate, Work]], jobs: int) -> Iterator[Outcome]:
        for attempt in range(1, TRIES + 1):
            busy = []
            for task, outcome in self._once(tasks, jobs, patient=attempt > 1):
                if outcome.result is Result.BUSY and attempt < TRIES:
                    busy.append(task)
                else:
                    yield outcome
            if not busy:
                return
            tasks = busy
            # Apart from each other, so that two commands do not knock at the same moment again.
            self.pause(0.25 * 2**attempt * (0.5 + random()))  # noqa: S311 - no secret

    def _once(
        self, tasks: list[tuple[Candidate, Work]], jobs: int, *, patient: bool
    ) -> Iterator[tuple[tuple[Candidate, Work], Outcome]]:
        if not tasks:
            return
        migrate = partial(self.fleet.migrate, actor=self.actor, patient=patient)
        pool = ThreadPoolExecutor(min(jobs, len(tasks)), thread_name_prefix="migrate")
        try:
            running = {pool.submit(migrate, *task): task for task in tasks}
            for future in as_completed(running):
                yield running.pop(future), future.result()
        finally:
            # Interrupted: what has begun ends, nothing else begins.
            pool.shutdown(cancel_futures=True)


def _after(ledger: str, steps: Sequence[Revision]) -> str:
    newest = {branch_of(revision): revision for revision in parse_ledger(ledger)}
    return to_ledger((newest | {step.branch: step.id for step in steps}).values())
