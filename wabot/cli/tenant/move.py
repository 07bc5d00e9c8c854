"""`wabot tenant move`."""

from typing import TYPE_CHECKING, Annotated

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.database import (
    DatabasePasswordFile,
    DatabaseUrl,
    IsolationOption,
    place_in_words,
    read_place,
)
from wabot.cli.tenant.events import handled
from wabot.cli.tenant.options import DryRun, Slug
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.services.provisioning.move import Moved, MoveStep


def move(
    slug: Slug,
    *,
    isolation: IsolationOption = "",
    database_url: DatabaseUrl = "",
    database_password_file: DatabasePasswordFile = None,
    drop_source: Annotated[
        bool,
        typer.Option(
            "--drop-source",
            help="Drop the former place once the shop is in the new; alone, drop what is kept.",
        ),
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Give up a move that was begun and not finished.")
    ] = False,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Move a shop's tables while its customers write: they are answered right after.

    Without --database-url a shop that has a database of its own, wherever it is, stays in it.
    """
    from wabot.container import open_tenants
    from wabot.errors import InvalidInput
    from wabot.services.provisioning.move import MoveRequest

    out = Output("tenant move", json=json)
    if cancel and (isolation or drop_source):
        raise InvalidInput("--cancel stands alone", hint="See: wabot tenant move --help")
    if not (isolation or cancel or drop_source):
        raise InvalidInput(
            "tell where to move the shop with --isolation, give a move up with --cancel, or drop"
            " what is kept of former places with --drop-source",
            hint=f"For example: wabot tenant move {slug} --isolation prefix",
        )
    if not isolation and (database_url or database_password_file):
        raise InvalidInput(
            "--database-url needs --isolation database",
            hint=f"For example: wabot tenant move {slug} --isolation database --database-url URL",
        )
    settings = read_settings(out)
    if cancel:
        with open_tenants(settings) as provisioning:
            _tell_cancelled(out, provisioning.move.cancel(slug))
        return

    def on_step(step: "MoveStep") -> None:
        out.note(_STEPS[step.value].format(slug=slug))

    if not isolation:
        with open_tenants(settings) as provisioning:
            dropped = provisioning.move.drop_former(slug, dry_run=dry_run, on_step=on_step)
        _tell(out, dropped, dry_run=dry_run, drop=True)
        return
    kind, at = read_place(isolation, database_url, database_password_file, settings)
    asked = MoveRequest(slug, kind, at, drop_source=drop_source)
    with open_tenants(settings) as provisioning:
        moved = provisioning.move.run(asked, dry_run=dry_run, on_step=on_step)
    _tell(out, moved, dry_run=dry_run, drop=drop_source)


_STEPS = {
    "pause": "Pausing {slug}: what its customers write waits in the inbox.",
    "drain": "Waiting for the conversations that are at work.",
    "close": "Closing the present tables to the shop.",
    "copy": "Copying every row and comparing counts and checksums.",
    "switch": "Switching to the new place.",
    "drop": "Dropping what was kept of former places.",
}


def _tell(out: Output, moved: "Moved", *, dry_run: bool, drop: bool) -> None:
    tenant = moved.tenant
    to, source = place_in_words(tenant.placement), place_in_words(moved.source)
    kept = [place_in_words(place) for place in moved.former]
    rows = sum(moved.rows.values())
    if moved.moved:
        message = f"Moved {tenant.slug} from {source} to {to}: {counted(rows, 'row')}."
        if moved.waited:
            message += f" {handled(moved.waited)}."
    elif dry_run and tenant.placement != moved.source:
        message = f"Would move {tenant.slug} from {source} to {to}. Nothing was changed."
    else:
        message = f"{tenant.slug} is in {to}."
    if moved.dropped:
        message += f" Dropped {', '.join(place_in_words(place) for place in moved.dropped)}."
    if kept:
        fate = "Would drop" if dry_run and drop else "Kept until --drop-source"
        message += f" {fate}: {', '.join(kept)}."
    data = {
        "slug": tenant.slug,
        "moved": moved.moved,
        "dry_run": dry_run,
        "from": source,
        "to": to,
        "rows": dict(moved.rows),
        "waited_events": moved.waited,
        "dropped": [place_in_words(place) for place in moved.dropped],
        "former": kept,
    }
    out.done(message, data=data, next=(f"wabot tenant show {tenant.slug}",))


def _tell_cancelled(out: Output, moved: "Moved") -> None:
    slug, place = moved.tenant.slug, place_in_words(moved.source)
    told = "Gave the move up:" if moved.moved else "No move was under way:"
    data = {"slug": slug, "cancelled": moved.moved, "at": place}
    out.done(f"{told} {slug} is in {place}.", data=data, next=(f"wabot tenant show {slug}",))
