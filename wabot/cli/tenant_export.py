"""`wabot tenant export`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.tenant_options import DryRun, Slug
from wabot.errors import InvalidInput, UnknownChoice


def export(
    slug: Slug,
    *,
    out_: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="FILE", help="The file, or a folder; by default a new one here."
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="wabot (to import), csv (to read) or pgdump (for pg_restore)."
        ),
    ] = "wabot",
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Write all of a shop's tables, as of one moment, to one file; the shop goes on working."""
    from wabot.config import load_settings
    from wabot.container import open_tenants
    from wabot.services.provisioning.export import ExportFormat, ExportTenant

    out = Output("tenant export", json=json)
    formats = [known.value for known in ExportFormat]
    if format_ not in formats:
        raise UnknownChoice(f"unknown format {format_!r}; known: {', '.join(formats)}")
    if out_ == "-" or (out_ and out_.endswith("/") and not Path(out_).expanduser().is_dir()):
        what = "stdout" if out_ == "-" else f"{out_}, a folder that is not there,"
        raise InvalidInput(
            f"--out names {what} and no file: an export is written whole or not at all",
            hint="Name a file, or a folder that is there.",
        )
    with open_tenants(load_settings()) as provisioning:
        use_case = ExportTenant(
            provisioning.tenants,
            provisioning.exports,
            provisioning.changes,
            provisioning.actor,
            now=lambda: datetime.now(UTC),
        )
        with out.progress(f"Exporting {slug}", total=use_case.rows(slug)) as progress:
            done = use_case.run(
                slug,
                Path(out_).expanduser() if out_ else None,
                ExportFormat(format_),
                progress=progress,
                dry_run=dry_run,
            )
    path, manifest = done.path.absolute(), done.manifest
    data = {
        "slug": slug,
        "file": str(path),
        "format": done.format.value,
        "dry_run": dry_run,
        "bytes": path.stat().st_size if path.is_file() else None,
        "rows": manifest.rows if manifest else None,
        "tables": {table.name: table.rows for table in manifest.tables} if manifest else None,
        "revision": manifest.revision if manifest else None,
    }
    if dry_run:
        message = f"Would export {slug} to {path}. Nothing was written."
    else:
        rows = f": {manifest.rows} rows of {len(manifest.tables)} tables" if manifest else ""
        message = (
            f"Exported {slug} to {path}{rows}. It holds customers' data: only you can read it."
        )
    importable = done.format is ExportFormat.WABOT and not dry_run
    next_ = f"wabot tenant import {path} --slug … --phone-number-id … --token-file …"
    out.done(message, data=data, next=(next_,) if importable else ())
