"""`wabot tenant delete`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.events import handled
from wabot.cli.tenant.options import DryRun, ExportTo, Slug
from wabot.domain.counted import counted
from wabot.errors import InvalidInput

if TYPE_CHECKING:
    from wabot.services.provisioning.delete import Cancelled, Deletion


def delete(
    slug: Slug,
    *,
    confirm: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The slug again, instead of typing it.")
    ] = None,
    export_to: ExportTo = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Bring back a shop of which nothing was dropped yet.")
    ] = False,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget", help="Without an export, when the shop's own server is gone for good."
        ),
    ] = False,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Export a shop, then delete it: tables, role, customers' files, all rows but the audit's."""
    from wabot.cli.prompts import confirm_slug
    from wabot.container import media_storage, open_tenants
    from wabot.container.depots import depot_at, depot_of_backups

    out = Output("tenant delete", json=json)
    if cancel and (confirm is not None or export_to is not None or forget or dry_run):
        raise InvalidInput("--cancel goes with no other option")
    if forget and dry_run:
        raise InvalidInput("--dry-run is for a deletion with an export, not for --forget")
    settings = read_settings(out)
    depot = depot_at(export_to) if export_to else depot_of_backups(settings)
    with open_tenants(settings) as provisioning:
        use_case = provisioning.delete(media_storage(settings))
        if cancel:
            _tell_cancelled(out, use_case.cancel(slug))
            return
        plan = use_case.run(slug, depot, dry_run=True)
        if dry_run or plan.at is not None:
            _tell(out, plan, dry_run=dry_run)
            return
        consequence = (
            f"This exports {slug} to {plan.file}, then deletes all its tables, rows and its"
            " customers' files."
        )
        if forget:
            consequence = (
                f"This deletes {slug} without an export: all its rows here and its customers'"
                " files. What its own server holds stays there."
            )
        typed = confirm_slug(slug, consequence, given=confirm)
        use_case.check_confirmed(slug, typed)
        if confirm is not None:
            out.note(consequence)
        with out.progress(f"Exporting {slug}") as progress:
            done = use_case.run(slug, depot, confirmed=typed, forget=forget, progress=progress)
    _tell(out, done, dry_run=False)


def _tell(out: Output, done: "Deletion", *, dry_run: bool) -> None:
    from wabot.cli.tenant.database import place_in_words

    manifest = done.manifest
    data: dict[str, Any] = {
        "slug": done.slug,
        "deleted": done.deleted,
        "dry_run": dry_run,
        "file": done.file or None,
        "rows": manifest.rows if manifest else None,
        "central_rows": dict(done.removed),
        "files": done.files,
        "stays": [place_in_words(place) for place in done.stays],
        "deleted_at": done.at.isoformat(timespec="seconds") if done.at else None,
    }
    next_: tuple[str, ...] = ()
    if done.at is not None:
        message = f"{done.slug} was deleted already, at {data['deleted_at']}. Nothing was changed."
    elif dry_run:
        message = (
            f"Would export {done.slug} to {done.file}, stop answering its customers, then delete"
            " its tables, its role, its rows and its customers' files, which no export holds; the"
            " audit stays. Nothing was changed."
        )
    elif done.stays:
        message = f"Deleted {done.slug} without an export. Left: {', '.join(data['stays'])}."
    elif not done.file:
        message = f"Deleted {done.slug}, which had no tables."
    else:
        rows = manifest.rows if manifest else 0
        gone = (
            f" {counted(done.files, 'stored file is', 'stored files are')} gone."
            if done.files
            else ""
        )
        message = (
            f"Deleted {done.slug}. {counted(rows, 'row is', 'rows are')} kept in {done.file}.{gone}"
        )
        next_ = (f"wabot tenant import {done.file} --phone-number-id … --token-file …",)
    out.done(message, data=data, next=next_)


def _tell_cancelled(out: Output, done: "Cancelled") -> None:
    slug, status = done.slug, done.status.value
    if done.cancelled:
        message = f"Gave the deletion up: {slug} is {status} as before."
        if done.waited:
            message += f" {handled(done.waited)}."
    else:
        message = f"No deletion of {slug} was under way: it is {status}."
    data = {
        "slug": slug,
        "cancelled": done.cancelled,
        "status": status,
        "waited_events": done.waited,
    }
    out.done(message, data=data, next=(f"wabot tenant show {slug}",))
