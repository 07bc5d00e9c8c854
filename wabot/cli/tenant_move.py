"""`wabot tenant move`."""

from typing import TYPE_CHECKING, Annotated

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.tenant_database import (
    DatabasePasswordFile,
    DatabaseUrl,
    IsolationOption,
    place_in_words,
    read_place,
)
from wabot.cli.tenant_options import DryRun, Slug

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
        typer.Option("--drop-source", help="Drop the former place once the shop is in the new."),
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Give up a move that was begun and not finished.")
    ] = False,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Move a shop's tables while its customers write: they are answered right after."""
    from wabot.config import load_settings
    from wabot.container import open_tenants
    from wabot.errors import InvalidInput
    from wabot.services.provisioning.move import MoveRequest

    out = Output("tenant move", json=json)
    if cancel == bool(isolation):
        raise InvalidInput(
            "tell where to move the shop with --isolation, or give a move up with --cancel",
            hint=f"For example: wabot tenant move {slug} --isolation prefix",
        )
    settings = load_settings()
    if cancel:
        with open_tenants(settings) as provisioning:
            _tell_cancelled(out, provisioning.move.cancel(slug))
        return
    kind, at = read_place(isolation, database_url, database_password_file, settings)
    asked = MoveRequest(slug, kind, at, drop_source=drop_source)
    with open_tenants(settings) as provisioning:

        def on_step(step: "MoveStep") -> None:
            out.note(_STEPS[step.value].format(slug=slug))

        moved = provisioning.move.run(asked, dry_run=dry_run, on_step=on_step)
    _tell(out, moved, dry_run=dry_run)


_STEPS = {
    "pause": "Pausing {slug}: what its customers write waits in the inbox.",
    "drain": "Waiting for the conversations that are at work.",
    "close": "Closing the present tables to the shop.",
    "copy": "Copying every row and comparing counts and checksums.",
    "switch": "Switching to the new place.",
    "drop": "Dropping what was kept of former places.",
}


def _tell(out: Output, moved: "Moved", *, dry_run: bool) -> None:
    tenant = moved.tenant
    to, source = place_in_words(tenant.placement), place_in_words(moved.source)
    kept = [place_in_words(place) for place in moved.former]
    rows = sum(moved.rows.values())
    if moved.moved:
        message = f"Moved {tenant.slug} from {source} to {to}: {rows} rows."
        if moved.waited:
            message += f" {moved.waited} events that waited are handled now."
    elif dry_run and tenant.placement != moved.source:
        message = f"Would move {tenant.slug} from {source} to {to}. Nothing was changed."
    else:
        message = f"{tenant.slug} is in {to} already."
    if moved.dropped:
        message += f" Dropped {', '.join(place_in_words(place) for place in moved.dropped)}."
    if kept:
        message += f" Kept until --drop-source: {', '.join(kept)}."
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
