"""`wabot db`: migrate the central database and look at its state."""

from typing import TYPE_CHECKING, Any

import typer

from wabot.cli.db_revision import revision
from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings

if TYPE_CHECKING:
    from wabot.repositories.central_schema import CentralStatus

app = typer.Typer(rich_markup_mode=None)
app.command()(revision)


@app.command()
def upgrade(json: JsonOption = False) -> None:
    """Bring the central tables to this version and set up the runtime's login."""
    from wabot.container import open_central
    from wabot.repositories.central_schema import upgrade as upgrade_central

    out = Output("db upgrade", json=json)
    settings = read_settings(out)
    with open_central(settings) as urls:
        done = upgrade_central(
            urls.owner_url,
            # The embedded server's runtime logs in without a password: nobody else gets there.
            runtime_conninfo=urls.runtime_url
            if urls.embedded
            else settings["RUNTIME_DATABASE_URL"],
            actor=settings.operator,
        )
    for warning in done.warnings:
        out.warn(warning)
    data = {
        "before": done.before,
        "after": done.after,
        "applied": [{"id": step.id, "message": step.message} for step in done.applied],
    }
    if done.applied:
        steps = "\n".join(f"  {step.id}  {step.message}" for step in done.applied)
        message = f"Upgraded the central database from {done.before or 'nothing'} to {done.after}:"
        message += f"\n{steps}"
    else:
        message = f"The central database is at {done.after} already. The runtime's login is set up."
    out.done(message, data=data, next=("wabot db status",))


@app.command()
def status(json: JsonOption = False) -> None:
    """Show the central database: where, which revision, what is pending, the runtime's login."""
    from wabot.container import open_central
    from wabot.repositories.central_schema import status as status_of

    out = Output("db status", json=json)
    settings = read_settings(out)
    with open_central(settings) as urls:
        found = status_of(urls.owner or urls.runtime_url)
    data = _describe(found, embedded=urls.embedded)
    if not found.known:
        serves = " This version's servers may serve on it meanwhile." if found.served else ""
        out.warn(
            f"A newer wabot upgraded this database: install that version or a later one.{serves}"
        )
    behind = found.known and (found.pending or found.runtime_problems)
    out.record(data if json else _in_words(data), next=("wabot db upgrade",) if behind else ())


def _describe(found: "CentralStatus", *, embedded: bool) -> dict[str, Any]:
    return {
        "where": found.where,
        "embedded": embedded,
        "server_version": found.server_version,
        "revision": found.revision,
        "head": found.head,
        "pending": [{"id": step.id, "message": step.message} for step in found.pending],
        "runtime_role": _role(found),
        "runtime_role_problems": list(found.runtime_problems),
        "clients": found.clients,
    }


def _role(found: "CentralStatus") -> str:
    if not found.known:
        return "unknown"
    return "incomplete" if found.runtime_problems else "ready"


def _in_words(data: dict[str, Any]) -> dict[str, Any]:
    return data | {
        "pending": "; ".join(f"{step['id']} {step['message']}" for step in data["pending"]),
        "runtime_role_problems": "; ".join(data["runtime_role_problems"]),
    }
