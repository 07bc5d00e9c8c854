"""`wabot audit`: who did what to which shop, and when."""

from datetime import UTC, datetime
from difflib import get_close_matches
from json import dumps
from textwrap import shorten
from typing import Annotated, Any

import typer

from wabot.cli.central import open_tables
from wabot.cli.output import JsonOption, Output
from wabot.cli.tenant.options import duration
from wabot.errors import InvalidInput, NotFound

app = typer.Typer(rich_markup_mode=None)

# On a terminal; --json has everything.
_SHOWN = 400
_LISTED = ("at", "actor", "action", "tenant", "details")


@app.callback()
def audit() -> None:
    """Tell who did what to which shop, and when."""


@app.command("list")
def list_(
    *,
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="SLUG", help="On this shop, deleted or not.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="7d|DATE", help="Not older than that; a date is one of UTC.")
    ] = "",
    actor: Annotated[str, typer.Option(help="By this operator (WABOT_OPERATOR).")] = "",
    action: Annotated[
        str, typer.Option(help="tenant.update, say; or tenant for all that begin with it.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List what operators did, the newest first."""
    import orjson

    from wabot.repositories.audit import SqlAudit

    out = Output("audit list", json=json)
    begin = _moment(since) if since else None
    with open_tables(out) as (engine, _):
        log = SqlAudit(engine)
        found = log.listing(tenant=tenant, actor=actor, action=action, since=begin, limit=limit)
        if not found and (tenant or action):
            _look_for_slips(out, *log.names(), tenant=tenant, action=action)
    rows: list[tuple[Any, ...]] = []
    for act in found:
        at = act.at.astimezone(UTC)
        if out.on_terminal:
            written = at.strftime("%Y-%m-%d %H:%M:%S")
        else:
            written = at.isoformat(timespec="seconds")
        details: Any = act.details
        if not json:
            details = (
                for_people(act.details) if out.on_terminal else orjson.dumps(act.details).decode()
            )
        rows.append((written, act.actor, act.action, act.tenant, details))
    if len(found) == limit:
        out.warn(f"There may be more than these {limit:,}: --limit, or --since.")
    out.table(_LISTED, rows)


def for_people(details: dict[str, Any]) -> str:
    """Return an act's details with room to be broken between them, cut where they go on and on."""
    words = dumps(details, ensure_ascii=False, separators=(", ", ":"))
    return shorten(words, _SHOWN, placeholder=" …")


def _look_for_slips(
    out: Output, slugs: list[str], actions: list[str], *, tenant: str, action: str
) -> None:
    """Refuse a shop that never was; warn of an act that nobody did, which may be a slip."""
    if tenant and tenant not in slugs:
        close = get_close_matches(tenant, slugs, n=3)
        raise NotFound(
            f"there is no tenant {tenant!r}, and none was deleted",
            hint=f"Did you mean {' or '.join(close)}?" if close else "wabot tenant list",
        )
    known = {*actions, *(name.partition(".")[0] for name in actions)}
    if action and action not in known:
        close = get_close_matches(action, sorted(known), n=3)
        others = f"Did you mean {' or '.join(close)}?" if close else f"So far: {', '.join(actions)}"
        out.warn(f"Nothing was done that is called {action}. {others}")


def _moment(words: str) -> datetime:
    try:
        day = datetime.fromisoformat(words)
    except ValueError:
        if words[:1].isdigit() and "-" in words:
            raise InvalidInput(
                f"--since takes a length like 7d or a date like 2026-11-30, got {words!r}"
            ) from None
        return datetime.now(UTC) - duration(words, "--since")
    return day if day.tzinfo else day.replace(tzinfo=UTC)
