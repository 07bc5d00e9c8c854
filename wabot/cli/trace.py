"""`wabot trace`: what happened to a message or an order, from the databases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings

if TYPE_CHECKING:
    from datetime import datetime

    from wabot.domain.story import Story
    from wabot.services.stories import TellStory

_COLUMNS = ("at", "offset_ms", "step", "detail")
_STYLES = {
    "received": "bold",
    "order": "bold green",
    "accepted": "green",
    "delivered": "green",
    "read": "green",
    "waits": "yellow",
    "not sent yet": "yellow",
    "unrouted": "bold yellow",
    "failed": "bold red",
    "set aside": "bold red",
    "order untold": "bold red",
}


def trace(
    name: Annotated[
        str,
        typer.Argument(
            metavar="WAMID|ORDER_CODE",
            help="A message id, whole or its end as logs show it (wamid.…XYZ), or an order's code.",
        ),
    ],
    *,
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="SLUG", help="Look at this shop only.")
    ] = "",
    show_people: Annotated[
        bool,
        typer.Option("--show-people", help="Whole phone numbers and message ids: take care."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Tell what happened to a message or an order: received, understood, answered, delivered."""
    from wabot.logs import mask

    shown: Callable[[str], str] = str if show_people else mask
    out = Output("trace", json=json)
    with _open(out) as teller:
        stories = teller.run(name.strip(), tenant)
        for slug in teller.stories.unreachable:
            out.warn(f"{slug} was not looked at; see why: wabot tenant doctor {slug}")
    next_ = [command for story in stories for command in _next(story)]
    if json:
        out.done("", data={"stories": [_data(story, shown) for story in stories]}, next=next_)
        return
    if not out.on_terminal:
        out.table(_COLUMNS, [row for story in stories for row in _rows(story, shown)], next=next_)
        return
    for story in stories:
        _draw(out, story, shown)
    out.done(" ".join(map(_summary, stories)), next=next_)


def _draw(out: Output, story: "Story", shown: Callable[[str], str]) -> None:
    steps = story.steps()
    who = f" · {shown(story.heard.contact)}" if story.heard else ""
    day = story.began_at.astimezone()
    out.styled((story.tenant or "no shop", "bold"), (f"{who} · {day:%Y-%m-%d %H:%M:%S %Z}", ""))
    if story.request_id:
        out.styled((f"request {story.request_id}", "dim"))
    offsets = [_offset(step.at, story.began_at) for step in steps]
    width, wide = max(map(len, offsets)), max(len(step.name) for step in steps)
    mark = "●" if out.can_write("●") else "*"
    for offset, step in zip(offsets, steps, strict=True):
        style = _STYLES.get(step.name, "")
        out.styled(
            (f"  {offset:>{width}} ", "dim"),
            (f"{mark} {step.name:<{wide}}", style),
            (f"  {shown(step.detail)}".rstrip(), ""),
        )
    out.styled(("", ""))


def _rows(story: "Story", shown: Callable[[str], str]) -> Iterator[tuple[str, float, str, str]]:
    for step in story.steps():
        since = (step.at - story.began_at).total_seconds() * 1000
        yield (step.at.isoformat(), round(since, 1), step.name, shown(step.detail))


def _data(story: "Story", shown: Callable[[str], str]) -> dict[str, Any]:
    from wabot.domain.story import durations

    heard, waiting = story.heard, story.waiting
    return {
        "tenant": story.tenant,
        "request_id": story.request_id,
        "contact": shown(heard.contact) if heard else "",
        "message_id": shown(heard.event_key) if heard else "",
        "inbox": {"event": waiting.id, "state": waiting.state} if waiting else None,
        "orders": [order.code for order in story.orders],
        "steps": [dict(zip(_COLUMNS, row, strict=True)) for row in _rows(story, shown)],
        **durations(story),
    }


def _summary(story: "Story") -> str:
    from wabot.domain.story import durations

    known = durations(story)
    if "received_to_accepted_ms" in known:
        return f"Graph had the answer {_spoken(known['received_to_accepted_ms'])} after receipt."
    if story.heard is None:
        settled = story.waiting is not None and story.waiting.state == "done"
        return "It is settled." if settled else "No turn has handled it."
    return "Nobody was answered." if not story.spoken else "No answer was accepted by Graph."


def _next(story: "Story") -> Iterator[str]:
    waiting = story.waiting
    if waiting is None or waiting.state == "done":
        return
    yield f"wabot inbox show {waiting.id}"
    if waiting.state == "failed":
        yield f"wabot inbox retry {waiting.id}"


def _offset(at: "datetime", began: "datetime") -> str:
    since = (at - began).total_seconds() * 1000
    return f"{'-' if since < 0 else '+'}{_spoken(abs(since))}"


def _spoken(milliseconds: float) -> str:
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {left} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


@contextmanager
def _open(out: Output) -> Iterator["TellStory"]:
    from wabot.container import open_tenants
    from wabot.repositories.engines import database_errors
    from wabot.repositories.stories import SqlStories
    from wabot.services.stories import TellStory

    with (
        open_tenants(read_settings(out)) as provisioning,
        database_errors(provisioning.owner_url),
    ):
        yield TellStory(SqlStories(provisioning.engine, provisioning.servers))
