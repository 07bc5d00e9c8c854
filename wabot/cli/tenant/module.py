"""`wabot tenant module`: tables and settings that a shop has besides the common ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import DryRun, ExportTo, Slug

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.domain.module import Module
    from wabot.services.provisioning.modules import ModuleChange, TenantModules

app = typer.Typer(rich_markup_mode=None, help="Tables and settings that a shop may add.")

Name = Annotated[str, typer.Argument(metavar="MODULE", help="See: wabot tenant module list")]


@app.command("list")
def list_(
    slug: Annotated[str, typer.Argument(help="Show which of them this shop has.")] = "",
    json: JsonOption = False,
) -> None:
    """List the modules there are, or those of a shop."""
    out = Output("tenant module list", json=json)
    columns = ("module", "title", "tables", "settings", "description")
    with _use_case(read_settings(out)) as modules:
        found = modules.standings(slug)
    for fault in found.faults.values():
        out.warn(fault)
    bad = [(name, "", "", "", f"cannot be used: {why}") for name, why in found.faults.items()]
    if not slug:
        out.table(columns, [*(_row(one.module) for one in found.modules), *bad])
        return
    out.table(
        ("added", "revision", *columns),
        [
            *((bool(one.revision), one.revision, *_row(one.module)) for one in found.modules),
            *((None, None, *row) for row in bad),
        ],
    )


@app.command()
def add(slug: Slug, module: Name, *, dry_run: DryRun = False, json: JsonOption = False) -> None:
    """Give a shop that already runs a module's tables and settings: all, or nothing."""
    out = Output("tenant module add", json=json)
    with _use_case(read_settings(out)) as modules:
        change = modules.add(slug, module, dry_run=dry_run)
    _tell(out, change, "added to", "has", dry_run=dry_run)


@app.command()
def remove(
    slug: Slug,
    module: Name,
    *,
    drop_data: Annotated[
        bool,
        typer.Option("--drop-data", help="Also when its tables hold rows: the shop is exported."),
    ] = False,
    export_to: ExportTo = None,
    confirm: Annotated[
        str, typer.Option(metavar="SLUG", help="The slug again, with --drop-data.")
    ] = "",
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Take a module's tables and settings from a shop; refused while they hold rows."""
    from wabot.container.depots import depot_at, depot_of_backups

    out = Output("tenant module remove", json=json)
    settings = read_settings(out)
    depot = depot_at(export_to) if export_to else depot_of_backups(settings)
    with _use_case(settings) as modules:
        change = modules.remove(
            slug, module, depot, drop_data=drop_data, confirm=confirm, dry_run=dry_run
        )
    _tell(out, change, "removed from", "does not have", dry_run=dry_run)


@contextmanager
def _use_case(settings: "Settings") -> "Iterator[TenantModules]":
    from wabot.container import open_tenants
    from wabot.container.fleet import modules_of

    with open_tenants(settings) as provisioning, modules_of(provisioning) as use_case:
        yield use_case


def _row(module: "Module") -> tuple[Any, ...]:
    return (
        module.name,
        module.title,
        ", ".join(module.tables),
        ", ".join(spec.key for spec in module.settings),
        module.description,
    )


def _tell(out: Output, change: "ModuleChange", done: str, stands: str, *, dry_run: bool) -> None:
    slug, module = change.tenant.slug, change.module
    data = {
        "slug": slug,
        "module": module.name,
        "changed": change.changed and not dry_run,
        "dry_run": dry_run,
        "tables": list(module.tables),
        "settings": [spec.key for spec in module.settings],
        "rows": dict(change.rows),
        "file": change.export or None,
    }
    if not change.changed:
        out.done(f"{slug} {stands} {module.name} already. Nothing was changed.", data=data)
        return
    what = ", ".join(module.tables) or "no tables"
    if dry_run:
        first = f" after an export to {change.export}" if change.export else ""
        out.done(
            f"{module.name} ({what}) would be {done} {slug}{first}. Nothing was changed.", data=data
        )
        return
    kept = f" The shop as it was is kept in {change.export}." if change.export else ""
    out.done(
        f"{module.name} ({what}) was {done} {slug}.{kept}",
        data=data,
        next=(f"wabot tenant module list {slug}",),
    )
