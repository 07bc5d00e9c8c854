"""`wabot tenant export --all`: a backup of every shop."""

from typing import TYPE_CHECKING

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.domain.counted import counted
from wabot.errors import Finding

if TYPE_CHECKING:
    from wabot.services.provisioning.backup import BackupOutcome, BackupPlan
    from wabot.services.provisioning.depots import Depot

_SHOWN = 20


def back_up(out: Output, to: str | None, fresh_for: str, jobs: int, *, dry_run: bool) -> None:
    """Export every shop that is due and tell what became of each."""
    from wabot.cli.tenant.options import duration
    from wabot.container import open_tenants
    from wabot.container.depots import depot_at, depot_of_backups

    settings = read_settings(out)
    depot = depot_at(to) if to else depot_of_backups(settings)
    with open_tenants(settings, connections=jobs) as provisioning:
        use_case = provisioning.back_up
        plan = use_case.plan(duration(fresh_for, "--fresh-for", or_none=True), depot)
        stream = _Stream(out, depot)
        if dry_run:
            stream.would(plan)
            return
        stream.begin(plan)
        with out.progress("Backing up", total=len(plan.due)) as advance:
            for outcome in use_case.run(plan, depot, jobs=jobs):
                stream.tell(outcome)
                advance(1)
    stream.end(plan)


class _Stream:
    """Tells what happens: lines of JSON off a terminal, words on it."""

    def __init__(self, out: Output, depot: "Depot") -> None:
        self._out = out
        self._lines = not out.on_terminal
        self._where = depot.address("").rstrip("/")
        self._rows = self._bytes = self._done = 0
        self._failed: list[str] = []

    def would(self, plan: "BackupPlan") -> None:
        """Say who would be exported."""
        data = {"dry_run": True, "to": self._where, "due": list(plan.due)}
        if self._lines and not self._out.json:
            for slug in plan.due:
                self._out.text(slug)
        self._out.done(
            f"Would export {counted(len(plan.due), 'shop')} to {self._where}; {_fresh(plan)}."
            " Nothing was written.",
            data=data | {"fresh": list(plan.fresh)},
        )

    def begin(self, plan: "BackupPlan") -> None:
        """Say what is going to be done."""
        self._out.note(
            f"Exporting {counted(len(plan.due), 'shop')} to {self._where}; {_fresh(plan)}."
        )

    def tell(self, outcome: "BackupOutcome") -> None:
        """Say what became of a shop; on a terminal only what went wrong."""
        if outcome.reason:
            self._failed.append(outcome.slug)
        else:
            self._done += 1
        self._rows += outcome.rows
        self._bytes += outcome.size
        if self._lines:
            self._out.line(
                {
                    "event": "tenant",
                    "slug": outcome.slug,
                    "result": "failed" if outcome.reason else "exported",
                    "file": outcome.address or None,
                    "rows": outcome.rows,
                    "bytes": outcome.size,
                    "seconds": round(outcome.seconds, 3),
                    "reason": outcome.reason,
                }
            )
        elif outcome.reason and len(self._failed) <= _SHOWN:
            self._out.warn(f"{outcome.slug}: {outcome.reason}")

    def end(self, plan: "BackupPlan") -> None:
        """Say how it ended; raise Finding when a shop was not exported."""
        if self._failed:
            more = f" and {len(self._failed) - _SHOWN} more" if self._failed[_SHOWN:] else ""
            raise Finding(
                f"{len(self._failed)} of {counted(len(plan.due), 'shop')} failed to be exported:"
                f" {', '.join(self._failed[:_SHOWN])}{more}",
                hint="The others are kept. When the reasons are dealt with, give the same command"
                " again: it goes on with those that are missing.",
                retryable=True,
            )
        data = {
            "to": self._where,
            "exported": self._done,
            "fresh": len(plan.fresh),
            "rows": self._rows,
            "bytes": self._bytes,
        }
        self._out.done(
            f"Exported {counted(len(plan.due), 'shop')} to {self._where}:"
            f" {counted(self._rows, 'row')}, {counted(self._bytes, 'byte')}."
            f" {_fresh(plan).capitalize()}.",
            data=data,
        )


def _fresh(plan: "BackupPlan") -> str:
    return f"{counted(len(plan.fresh), 'shop has', 'shops have')} a fresh backup there"
