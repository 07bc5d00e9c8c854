"""Create many tenants: every row checked first, then several at once, safe to repeat."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from wabot.domain.tenant import TenantStatus
from wabot.errors import Conflict, ExternalFailure, WabotError
from wabot.services.provisioning.create import CreateTenant, Creation
from wabot.services.provisioning.request import TenantRequest

_TRIES = 4
_FIRST_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """A tenant asked for on a line of a file."""

    line: int
    request: TenantRequest


class Result(StrEnum):
    """What became of a row."""

    CREATED = "created"
    EXISTED = "already there"
    PLANNED = "would be created"
    BAD = "bad"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row with its fate; `reason` tells why it was not created."""

    line: int
    slug: str
    result: Result
    reason: str = ""
    warnings: tuple[str, ...] = ()
    tenant_id: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """The fates of all rows, by line."""

    results: list[RowResult] = field(default_factory=list)

    def count(self, *kinds: Result) -> int:
        """Return how many rows ended so."""
        return sum(result.result in kinds for result in self.results)

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many rows ended in each way; ways that did not occur are left out."""
        return {kind.value: n for kind in Result if (n := self.count(kind))}

    @property
    def unfinished(self) -> list[RowResult]:
        """Return the rows that left no tenant behind, by line."""
        kinds = {Result.BAD, Result.FAILED, Result.NOT_TRIED}
        return sorted((r for r in self.results if r.result in kinds), key=lambda r: r.line)


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows beside the tenants that stand: those to run, those that are there, and clashes."""

    to_run: tuple[Row, ...]
    there: tuple[RowResult, ...]
    bad: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True)
class CreateMany:
    """Runs creations `jobs` at a time; the database behind `create` has as many connections."""

    create: CreateTenant
    jobs: int
    pause: Callable[[float], None] = time.sleep

    def compare(self, rows: Sequence[Row]) -> Compared:
        """Look which rows stand already and which clash with what stands; nothing is changed."""
        # What is wrong with the central database or the key is told before any row meets it.
        self.create.prove_key()
        known = self.create.tenants.listing()
        slugs = {tenant.slug for tenant in known}
        numbers = {tenant.phone_number_id for tenant in known}
        met = [
            row
            for row in rows
            if row.request.slug in slugs or row.request.phone_number_id in numbers
        ]
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="compare") as pool:
            found = {result.line: result for result in pool.map(self._compare, met) if result}
        return Compared(
            to_run=tuple(row for row in rows if row.line not in found),
            there=tuple(fate for fate in found.values() if fate.result is Result.EXISTED),
            bad=tuple(fate for fate in found.values() if fate.result is Result.BAD),
        )

    def _compare(self, row: Row) -> RowResult | None:
        """Return the fate of a row that needs no run; what else is wrong its run will tell."""
        slug = row.request.slug
        try:
            made = self.create.run(row.request, dry_run=True, key_is_proven=True)
        except Conflict as error:
            return None if error.retryable else RowResult(row.line, slug, Result.BAD, error.message)
        except WabotError:
            return None
        if not made.existed or made.tenant.status is TenantStatus.PROVISIONING:
            return None
        return _row_result(row, made)

    def run(
        self, rows: Sequence[Row], told: Callable[[RowResult], None], *, dry_run: bool = False
    ) -> Report:
        """Create what is not there yet; each row's fate is told as it is known.

        Once the databases are lost no further row is tried. An interruption waits for the rows at
        work: each of them is whole or not there, and the next run goes on.
        """
        # What is wrong with the central database or the key is told before any row meets it.
        self.create.prove_key()
        report = Report()

        def note(result: RowResult) -> None:
            report.results.append(result)
            told(result)

        ordered = iter(rows)
        # The first one alone fills the caches that the others share.
        for row in islice(ordered, 1):
            note(self._run(row, dry_run=dry_run)[0])
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="create") as pool:
            for result in self._side_by_side(pool, ordered, dry_run=dry_run):
                note(result)
        for row in ordered:
            reason = "the database did not answer for the rows before it"
            note(RowResult(row.line, row.request.slug, Result.NOT_TRIED, reason))
        return report

    def _side_by_side(
        self, pool: ThreadPoolExecutor, rows: Iterator[Row], *, dry_run: bool
    ) -> Iterator[RowResult]:
        def submit(count: int) -> list["Future[tuple[RowResult, bool]]"]:
            return [pool.submit(self._run, row, dry_run=dry_run) for row in islice(rows, count)]

        # A few more than work at once: an interruption then waits for those alone.
        ahead = self.jobs * 2
        waiting = set(submit(ahead))
        unanswered = 0
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for result, answered in (future.result() for future in done):
                unanswered = 0 if answered else unanswered + 1
                yield result
            if unanswered < ahead:
                waiting.update(submit(len(done)))

    def _run(self, row: Row, *, dry_run: bool) -> tuple[RowResult, bool]:
        """Return the row's fate, and whether its database answered."""
        slug, began = row.request.slug, time.monotonic()
        for attempt in range(1, _TRIES + 1):
            try:
                made = self.create.run(row.request, dry_run=dry_run, key_is_proven=True)
                break
            except ExternalFailure as error:
                return RowResult(row.line, slug, Result.FAILED, error.message), False
            except WabotError as error:
                if not error.retryable or attempt == _TRIES:
                    return RowResult(row.line, slug, Result.FAILED, error.message), True
                # Somebody holds a lock: it passes.
                self.pause(_FIRST_PAUSE * 2**attempt)
        return _row_result(row, made, time.monotonic() - began), True


def _row_result(row: Row, made: Creation, seconds: float = 0.0) -> RowResult:
    result = _result_of(made)
    return RowResult(
        row.line,
        row.request.slug,
        result,
        warnings=made.warnings,
        tenant_id=str(made.tenant.id) if result is not Result.PLANNED else "",
        seconds=round(seconds, 4),
    )


def _result_of(made: Creation) -> Result:
    if made.created:
        return Result.CREATED
    return Result.EXISTED if made.existed else Result.PLANNED
