"""`wabot tenant export`."""

from typing import Annotated

import typer

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import DryRun, check_whom
from wabot.domain.counted import counted
from wabot.errors import InvalidInput, UnknownChoice


def export(
    slug: Annotated[str, typer.Argument(metavar="[SLUG]", help="Which shop.")] = "",
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            "--out",
            metavar="FILE|DIR|s3://…",
            help="A file, a folder, or s3://BUCKET/PREFIX[?sse=aws:kms]; by default a new file"
            " here, with --all the place of WABOT_BACKUPS.",
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="wabot (to import), csv (to read) or pgdump (for pg_restore)."
        ),
    ] = "wabot",
    all_: Annotated[
        bool, typer.Option("--all", help="Back up every shop that has no fresh backup there.")
    ] = False,
    fresh_for: Annotated[
        str,
        typer.Option(
            help="With --all: leave out who was backed up there within this time; 0: nobody."
        ),
    ] = "12h",
    jobs: Annotated[int, typer.Option(min=1, max=32, help="With --all: shops at once.")] = 4,
    dry_run: DryRun = False,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document instead of text; with --all JSON Lines, {ok, …} last.",
        ),
    ] = False,
) -> None:
    """Write all of a shop's tables, as of one moment, to one file; the shop goes on working.

    With --all every shop: one that fails stops no other, and the same command goes on with what is
    missing.
    """
    out = Output("tenant export", json=json)
    check_whom("tenant export", slug, all_)
    if not all_:
        _one(out, slug, to or "", format_, dry_run=dry_run)
        return
    if format_ != "wabot":
        raise InvalidInput("--all makes backups, which are of the format wabot")
    from wabot.cli.tenant.backup import back_up

    back_up(out, to, fresh_for, jobs, dry_run=dry_run)


def _one(out: Output, slug: str, to: str, format_: str, *, dry_run: bool) -> None:
    from wabot.container import open_tenants
    from wabot.container.depots import depot_for
    from wabot.services.provisioning.export import SUFFIXES, ExportFormat

    formats = [known.value for known in ExportFormat]
    if format_ not in formats:
        raise UnknownChoice(f"unknown format {format_!r}; known: {', '.join(formats)}")
    wanted = ExportFormat(format_)
    depot, name = depot_for(to, SUFFIXES[wanted])
    with open_tenants(read_settings(out)) as provisioning:
        use_case = provisioning.export
        with out.progress(f"Exporting {slug}", total=use_case.rows(slug)) as progress:
            done = use_case.run(slug, depot, wanted, name=name, progress=progress, dry_run=dry_run)
    manifest = done.manifest
    data = {
        "slug": slug,
        "file": done.address,
        "format": done.format.value,
        "dry_run": dry_run,
        "bytes": None if dry_run else done.size,
        "rows": manifest.rows if manifest else None,
        "tables": {table.name: table.rows for table in manifest.tables} if manifest else None,
        "revision": manifest.revision if manifest else None,
    }
    if dry_run:
        message = f"Would export {slug} to {done.address}. Nothing was written."
    else:
        rows = (
            f": {counted(manifest.rows, 'row')} of {counted(len(manifest.tables), 'table')}"
            if manifest
            else ""
        )
        who = "who may read the bucket can" if done.address.startswith("s3:") else "only you can"
        message = (
            f"Exported {slug} to {done.address}{rows}. It holds customers' data: {who} read it."
        )
    next_ = f"wabot tenant import {done.address} --slug … --phone-number-id … --token-file …"
    out.done(message, data=data, next=(next_,) if done.restorable else ())
