"""`wabot inbox`: events that wait or failed, and what to do about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.central import open_tables
from wabot.cli.output import JsonOption, Output, plain
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.repositories.inbox import SqlInbox

app = typer.Typer(rich_markup_mode=None)

_LARGEST = 2**63 - 1
Ids = Annotated[
    list[int],
    typer.Argument(min=1, max=_LARGEST, help="Ids as `wabot inbox list` shows them."),
]
TenantOption = Annotated[str, typer.Option("--tenant", metavar="SLUG", help="Of this shop only.")]

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]

_FILES = (
    "tenant",
    "contact",
    "kind",
    "attempts",
    "received_at",
    "due_at",
    "event",
    "phone_number_id",
    "last_error",
)
_LISTED = ("id", "tenant", "contact", "kind", "state", "attempts", "received_at", "last_error")


@app.command("list")
def list_(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(help="waiting, failed, unrouted or done; default: all but done."),
    ] = None,
    tenant: TenantOption = "",
    limit: LimitOption = 100,
    json: JsonOption = False,
) -> None:
    """List events that wait, failed, or came for a number that no shop has."""
    from wabot.errors import UnknownChoice
    from wabot.repositories.inbox import STATES

    wanted = tuple(state) if state else STATES[:-1]
    unknown = [word for word in wanted if word not in STATES]
    if unknown:
        raise UnknownChoice(f"unknown state {unknown[0]!r}; known: {', '.join(STATES)}")
    out = Output("inbox list", json=json)
    with _open_inbox(out) as (inbox, _):
        found = inbox.listing(wanted, tenant, limit)
        files = inbox.files(tenant, 1)
    rows = [[plain(getattr(event, column)) for column in _LISTED] for event in found]
    failed = any(event.state == "failed" for event in found)
    next_ = ["wabot inbox retry --failed"] if failed else []
    if files:
        since = plain(files[0].received_at)
        out.warn(f"Files of customers wait to be fetched, the oldest since {since}.")
        next_.append("wabot inbox files")
    out.table(_LISTED, rows, next=next_)


@app.command("files")
def files_(
    *, tenant: TenantOption = "", limit: LimitOption = 100, json: JsonOption = False
) -> None:
    """List customers' files that wait to be fetched, the oldest first, and why."""
    out = Output("inbox files", json=json)
    with _open_inbox(out) as (inbox, _):
        found = inbox.files(tenant, limit)
    out.table(_FILES, [[plain(getattr(file, column)) for column in _FILES] for file in found])


@app.command()
def show(
    event: Annotated[int, typer.Argument(min=1, max=_LARGEST, help="Id of the event.")],
    *,
    content: Annotated[
        bool, typer.Option("--content", help="Also what the person wrote: handle with care.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show one event; its content only when asked for."""
    out = Output("inbox show", json=json)
    with _open_inbox(out) as (inbox, _):
        found, payload = inbox.get(event)
    data: dict[str, Any] = {
        column: plain(getattr(found, column))
        for column in (*_LISTED[:3], "phone_number_id", *_LISTED[3:7], "due_at", "last_error")
    }
    if content:
        data["content"] = payload
    out.record(data, next=(f"wabot inbox retry {event}",) if found.state == "failed" else ())


@app.command()
def retry(
    events: Annotated[
        list[int] | None, typer.Argument(min=1, max=_LARGEST, help="Ids of events.")
    ] = None,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Every event that was set aside.")
    ] = False,
    tenant: TenantOption = "",
    json: JsonOption = False,
) -> None:
    """Handle events again at once: their tries count from zero."""
    from wabot.errors import InvalidInput

    if bool(events) == failed:
        raise InvalidInput(
            "name the events, or say --failed", hint="See them with: wabot inbox list"
        )
    if events and tenant:
        raise InvalidInput("--tenant goes with --failed: events are named by their ids")
    wanted = sorted(set(events or ()))
    out = Output("inbox retry", json=json)
    with _open_inbox(out) as (inbox, actor):
        count = (
            inbox.retry(wanted, actor=actor) if wanted else inbox.retry_failed(tenant, actor=actor)
        )
    _tell(out, count, "due again", asked=len(wanted))


@app.command()
def discard(
    events: Ids,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Give events up for good: nobody will be answered."""
    from wabot.cli.prompts import confirm
    from wabot.errors import Refused

    out = Output("inbox discard", json=json)
    wanted = sorted(set(events))
    if not confirm(f"Give up {counted(len(wanted), 'event')} for good?", option="--yes", given=yes):
        raise Refused("Nothing was discarded.")
    with _open_inbox(out) as (inbox, actor):
        count = inbox.discard(wanted, actor=actor)
    _tell(out, count, "discarded", asked=len(wanted))


@app.command()
def replay(
    tenant: Annotated[str, typer.Argument(metavar="SLUG", help="The shop.")],
    contact: Annotated[str, typer.Argument(help="The conversation, as in `wabot inbox list`.")],
    json: JsonOption = False,
) -> None:
    """Take a conversation's events through again; what was handled already changes nothing."""
    out = Output("inbox replay", json=json)
    with _open_inbox(out) as (inbox, actor):
        count = inbox.replay(tenant, contact, actor=actor)
    _tell(out, count, "due again", asked=1)


def _tell(out: Output, count: int, what: str, *, asked: int = 0) -> None:
    from wabot.errors import Finding

    said = f"{counted(count, 'event is', 'events are')} {what}"
    if count < asked:
        raise Finding(
            f"{said}; {counted(asked - count, 'is', 'are')} not there, or in a state that does not"
            " allow it",
            hint="See them with: wabot inbox list",
        )
    out.done(f"{said}.", data={"events": count}, next=("wabot inbox list",))


@contextmanager
def _open_inbox(out: Output) -> Iterator[tuple["SqlInbox", str]]:
    """Open the inbox; beside it who acts, for the audit."""
    from wabot.repositories.inbox import SqlInbox

    with open_tables(out) as (engine, actor):
        yield SqlInbox(engine), actor
