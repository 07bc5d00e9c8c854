"""`wabot tenant migrate`: bring shops' tables to the newest revision."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import LinesOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import check_whom
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.services.provisioning.migrate import MigrationPlan
    from wabot.services.provisioning.migration_ports import Outcome

Slugs = Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Which shops.")]
All = Annotated[bool, typer.Option("--all", help="Every shop.")]

_SHOWN = 20


def migrate(
    slugs: Slugs = None,
    *,
    all_: All = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Shops at once.")] = 4,
    canary: Annotated[
        int, typer.Option(min=0, help="Try this many first; stop when one of them fails.")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would move, and the SQL; change nothing.")
    ] = False,
    json: LinesOption = False,
) -> None:
    """Bring shops' tables to the newest revision: a transaction each, several at once.

    A failure stops only its shop; run the command again and it goes on with those alone.
    """
    from wabot.container import open_tenants
    from wabot.container.fleet import migrations_of
    from wabot.errors import Finding

    out = Output("tenant migrate", json=json)
    check_whom("tenant migrate", slugs, all_)
    with open_tenants(read_settings(out)) as provisioning, migrations_of(provisioning) as use_case:
        plan = use_case.plan(None if all_ else slugs)
        if dry_run:
            _show(out, plan, [use_case.line.steps_sql(group.steps) for group in plan.groups])
            return
        stream = _Stream(out)
        stream.begin(plan)
        with out.progress("Migrating", total=plan.total) as advance:
            for outcome in use_case.run(plan, jobs=jobs, canary=canary):
                stream.tell(outcome)
                advance(1)
    stream.end(plan)
    if stream.failed:
        raise Finding(
            f"not migrated: {len(stream.failed)} of {counted(plan.total, 'shop')}",
            hint="When the reasons are dealt with: wabot tenant migrate "
            + ("--all" if len(stream.failed) > _SHOWN else " ".join(stream.failed)),
            retryable=True,
        )


class _Stream:
    """Tells what happens: lines of JSON off a terminal, words on it."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._lines = not out.on_terminal
        self._counts: dict[str, int] = {}
        self._untold = 0
        self.failed: list[str] = []

    def begin(self, plan: "MigrationPlan") -> None:
        """Say what is going to be done."""
        if self._lines:
            self._out.line({"event": "plan", **_describe(plan)})
        else:
            for line in _in_words(plan):
                self._out.note(line)

    def tell(self, outcome: "Outcome") -> None:
        """Say what became of a tenant; on a terminal only what went wrong."""
        result = outcome.result.value
        self._counts[result] = self._counts.get(result, 0) + 1
        if outcome.failed:
            self.failed.append(outcome.slug)
        if self._lines:
            self._out.line(
                {
                    "event": "tenant",
                    "slug": outcome.slug,
                    "result": result,
                    "before": outcome.before,
                    "after": outcome.after,
                    "seconds": round(outcome.seconds, 3),
                    "reason": outcome.reason,
                }
            )
        elif outcome.failed and len(self.failed) <= _SHOWN:
            self._out.warn(f"{outcome.slug}: {outcome.reason}")

    def end(self, plan: "MigrationPlan") -> None:
        """Say how it ended."""
        if self._lines:
            counts = {"total": plan.total, **self._counts}
            self._out.line({"event": "end", **counts, "failed_slugs": self.failed})
            if self._out.json and not self.failed:
                # What failed ends with the error's document instead.
                self._out.done("", data=counts)
            return
        if len(self.failed) > _SHOWN:
            self._out.note(f"… and {len(self.failed) - _SHOWN} more")
        words = [f"{count} {result.replace('_', ' ')}" for result, count in self._counts.items()]
        self._out.note(", ".join(words) + "." if words else "Nothing to migrate.")


def _show(out: Output, plan: "MigrationPlan", texts: list[str]) -> None:
    data = _describe(plan)
    for group, text in zip(data["groups"], texts, strict=True):
        group["sql"] = text
    if out.json or not out.on_terminal:
        out.line({"event": "plan", "dry_run": True, **data})
        if out.json:
            out.done("", data={"total": plan.total, "dry_run": True})
        return
    for line in _in_words(plan):
        out.note(line)
    for text in texts:
        out.text(text)
    out.note("Nothing was changed.")


def _describe(plan: "MigrationPlan") -> dict[str, Any]:
    return {
        "total": plan.total,
        "at_head": plan.at_head,
        "held": list(plan.held),
        "groups": [
            {
                "before": group.before,
                "after": group.after,
                "steps": [{"id": s.id, "kind": s.kind.value} for s in group.steps],
                "tenants": len(group.tenants),
                "problem": group.problem,
            }
            for group in plan.groups
        ],
    }


def _in_words(plan: "MigrationPlan") -> list[str]:
    lines = [
        f"{len(group.tenants)} at {group.before}: "
        + (group.problem or f"{', '.join(step.id for step in group.steps)} → {group.after}")
        for group in plan.groups
    ]
    if plan.held:
        lines.append(
            f"{', '.join(plan.held)} takes something away and waits until every active shop is at"
            " the revision before it: run the command again afterwards."
        )
    return [*lines, f"{counted(plan.at_head, 'shop is', 'shops are')} at the newest revision."]
