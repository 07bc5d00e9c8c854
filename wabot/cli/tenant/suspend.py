"""`wabot tenant suspend` and `wabot tenant resume`."""

from typing import TYPE_CHECKING

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.events import handled
from wabot.cli.tenant.options import DryRun, Slug
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.services.provisioning.suspend import Standing


def suspend(slug: Slug, *, dry_run: DryRun = False, json: JsonOption = False) -> None:
    """Stop answering a shop's customers; what they write is kept."""
    from wabot.container import open_tenants

    out = Output("tenant suspend", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        standing = provisioning.suspend.suspend(slug, dry_run=dry_run)
    waiting = _waiting(standing)
    if standing.changed:
        message = f"Suspended {slug}: its customers get no answers; what they write is kept."
    elif dry_run and not _is(standing, "suspended"):
        message = f"Would suspend {slug}. Nothing was changed."
    else:
        message = f"{slug} is suspended already. Nothing was changed."
    _tell(out, f"{message} {waiting}", standing, f"wabot tenant resume {slug}", dry_run=dry_run)


def resume(slug: Slug, *, dry_run: DryRun = False, json: JsonOption = False) -> None:
    """Answer a suspended shop's customers again, those who wrote meanwhile at once."""
    from wabot.container import open_tenants

    out = Output("tenant resume", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        standing = provisioning.suspend.resume(slug, dry_run=dry_run)
    if standing.changed:
        message = f"Resumed {slug}: {handled(standing.waiting)}."
    elif dry_run and not _is(standing, "active"):
        message = f"Would resume {slug}: {_waiting(standing)} Nothing was changed."
    else:
        message = f"{slug} is active already. Nothing was changed."
    _tell(out, message, standing, f"wabot tenant show {slug}", dry_run=dry_run)


def _waiting(standing: "Standing") -> str:
    return f"{counted(standing.waiting, 'event waits', 'events wait')}."


def _is(standing: "Standing", status: str) -> bool:
    return standing.tenant.status.value == status


def _tell(out: Output, message: str, standing: "Standing", next_: str, *, dry_run: bool) -> None:
    data = {
        "slug": standing.tenant.slug,
        "changed": standing.changed,
        "waiting_events": standing.waiting,
        "dry_run": dry_run,
    }
    out.done(message, data=data, next=(next_,))
