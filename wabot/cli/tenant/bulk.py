"""`wabot tenant create --from`: many shops from one file."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.domain.counted import counted
from wabot.errors import Finding, InvalidInput

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.services.provisioning.bulk import Compared, CreateMany, Report, RowResult
    from wabot.services.provisioning.bulk_rules import Checked

FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE.csv|.toml",
        help="Create every shop of a file with the columns slug, name, template, plan,"
        " phone_number_id, token and any other of a shop's options but those of --database-url;"
        " options given here fill empty cells.",
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        min=0,
        max=64,
        help="With --from: shops created at once; 0 for one per processor, at most 8.",
    ),
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="With --from: create the good rows in spite of bad ones.")
]

_ONE_EACH = ("slug", "phone_number_id")
_SHOWN = ("line", "slug", "result", "reason")


def require(given: Mapping[str, str]) -> None:
    """Refuse a creation without a file that lacks what no default can fill."""
    needed = ("slug", "name", "template", "plan", "phone_number_id")
    missing = [_option(name) for name in needed if not given[name]]
    if missing:
        raise InvalidInput(
            f"Missing: {', '.join(missing)}", hint="See: wabot tenant create --help; or give --from"
        )


def create_from(
    out: Output,
    path: Path,
    given: Mapping[str, str],
    *,
    token_file: str | None,
    jobs: int,
    skip_bad: bool,
    dry_run: bool,
) -> None:
    """Create the shops of a file, those that are not there yet, and report on every row."""
    from wabot.container import open_tenants
    from wabot.repositories.provisioning.bulk_file import exposure, read_rows
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.services.provisioning.bulk import CreateMany
    from wabot.services.provisioning.bulk_cells import COLUMNS
    from wabot.services.provisioning.bulk_rules import check_rows

    own = [_option(name) for name in _ONE_EACH if given[name]]
    if token_file is not None:
        own.append("--token-file")
    if own:
        raise InvalidInput(f"{', '.join(own)} cannot be the same for every shop of --from")
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    raw = read_rows(path, COLUMNS)
    if readers := exposure(path):
        out.warn(f"{path} holds tokens and {readers} may read it: chmod 600 {path}")
    defaults = {**given, "app_id": given["app_id"] or settings["WHATSAPP_APP_ID"]}
    checked = check_rows(raw, FolderTemplates(), defaults=defaults, actor=settings.operator)
    workers = jobs or min(os.cpu_count() or 1, 8)
    # Two each: a shop in a database of its own holds its turn on one and works on another.
    with open_tenants(settings, connections=2 * workers) as provisioning:
        use_case = CreateMany(provisioning.create, workers)
        compared = use_case.compare(checked.rows)
        bad = sorted((*checked.bad, *compared.bad), key=lambda result: result.line)
        _stop_at_bad(out, bad, len(raw), skip_bad=skip_bad)
        report = _run(out, use_case, compared, dry_run=dry_run)
    report.results.extend(bad)
    _warn(out, checked, report, settings)
    _tell(out, path, report)


def _run(out: Output, use_case: "CreateMany", compared: "Compared", *, dry_run: bool) -> "Report":
    rows = compared.to_run
    done = 0
    with out.progress("Checking" if dry_run else "Creating", len(rows)) as advance:

        def told(result: "RowResult") -> None:
            nonlocal done
            done += 1
            advance(1)
            if out.json:
                out.line(_described(result))

        try:
            report = use_case.run(rows, told, dry_run=dry_run)
        except KeyboardInterrupt:
            out.note(
                f"Done are {done} of {counted(len(rows), 'row')}, and those at work ended whole;"
                " the same command again goes on."
            )
            raise
    if out.json:
        for result in compared.there:
            out.line(_described(result))
    report.results.extend(compared.there)
    return report


def _stop_at_bad(out: Output, bad: Sequence["RowResult"], rows: int, *, skip_bad: bool) -> None:
    if out.json:
        for result in bad:
            out.line(_described(result))
    if not bad or skip_bad:
        return
    lines = "\n".join(f"  line {result.line}: {result.reason}" for result in bad)
    raise InvalidInput(
        f"Bad: {len(bad)} of {counted(rows, 'row')}; nothing was created:\n{lines}",
        hint="Correct them and run the command again, or create the others with --skip-bad.",
    )


def _warn(out: Output, checked: "Checked", report: "Report", settings: "Settings") -> None:
    apps = Counter(row.request.app_id for row in checked.rows)
    for app, count in sorted(apps.items()):
        if not app:
            out.warn(
                f"{counted(count, 'shop is', 'shops are')} bound to no Meta app;"
                " set WHATSAPP_APP_ID or give --app-id"
            )
        elif app not in settings.apps:
            out.warn(
                f"no app secret is configured for the Meta app {app} of {counted(count, 'shop')}:"
                " its webhooks are refused"
            )
    told = Counter(warning for result in report.results for warning in result.warnings)
    for warning, count in told.items():
        out.warn(f"{counted(count, 'shop')}: {warning}")


def _tell(out: Output, path: Path, report: "Report") -> None:
    counts = ", ".join(f"{n} {kind}" for kind, n in report.counts.items())
    summary = f"{path.name}: {counts}"
    unfinished = report.unfinished
    if not out.json:
        results = unfinished if out.on_terminal else sorted(report.results, key=lambda r: r.line)
        if results:
            rows = [[getattr(result, name) for name in _SHOWN] for result in results]
            out.table(_SHOWN, rows)
    if unfinished:
        if out.json:
            out.line({"counts": report.counts})
        raise Finding(
            summary,
            hint="Correct what failed and run the same command again:"
            " what is there already is left as it is.",
        )
    out.done(f"{summary}.", data=report.counts, next=("wabot tenant list",))


def _described(result: "RowResult") -> dict[str, Any]:
    found = {name: getattr(result, name) for name in (*_SHOWN, "warnings", "tenant_id", "seconds")}
    return {name: value for name, value in found.items() if value or name in {"line", "slug"}}


def _option(name: str) -> str:
    return "SLUG" if name == "slug" else f"--{name.replace('_', '-')}"
