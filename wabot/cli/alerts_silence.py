"""`wabot alerts silence`: alerts that are recorded and not told, for a while and for a reason."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from wabot.cli.central import open_alerts
from wabot.cli.output import JsonOption, Output, plain
from wabot.cli.tenant.options import duration

if TYPE_CHECKING:
    from wabot.repositories.alerts.listing import Silence


class _Silences(TyperGroup):
    """Take a rule or a key for the one of a new silence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["add", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_Silences, rich_markup_mode=None)

_COLUMNS = ("id", "rule", "key", "tenant", "until", "reason", "actor", "created_at")


@app.command()
def add(
    target: Annotated[
        str, typer.Argument(metavar="RULE|KEY", help="A rule, or the key of one alert.")
    ],
    *,
    for_: Annotated[
        str, typer.Option("--for", metavar="LENGTH", help="How long, like 30m, 4h or 2d.")
    ],
    reason: Annotated[str, typer.Option(help="Why: whoever looks later reads it.")],
    tenant: Annotated[str, typer.Option(metavar="SLUG", help="Of this shop only.")] = "",
    json: JsonOption = False,
) -> None:
    """Keep alerts of a rule, or one alert, from being told for a while."""
    from wabot.errors import InvalidInput

    length = duration(for_, "--for")
    if not reason.strip():
        raise InvalidInput("--reason is empty", hint="Say why, in a few words.")
    key = target if ":" in target else ""
    rule = "" if key else rules_of([target])[0]
    if key and tenant:
        raise InvalidInput("a key names one alert: --tenant does not go with it")
    out = Output("alerts silence add", json=json)
    with open_alerts(out) as (alerts, actor):
        if key and not alerts.exists(key):
            out.warn(f"There has been no alert {key} so far.")
        made = alerts.silence(
            rule=rule, key=key, slug=tenant, length=length, reason=reason.strip(), actor=actor
        )
    until = made.until.isoformat(timespec="minutes")
    out.done(
        f"{target} is not told until {until}; it is still recorded.",
        data=_data(made),
        next=(f"wabot alerts silence end {made.id}",),
    )


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the silences that hold."""

    out = Output("alerts silence list", json=json)
    with open_alerts(out) as (alerts, _):
        found = alerts.silences()
    out.table(_COLUMNS, [list(_data(silence).values()) for silence in found])


@app.command()
def end(
    silence: Annotated[int, typer.Argument(help="Id of the silence.")],
    json: JsonOption = False,
) -> None:
    """Let alerts be told again from now on."""

    out = Output("alerts silence end", json=json)
    with open_alerts(out) as (alerts, actor):
        alerts.end_silence(silence, actor=actor)
    said = f"The silence {silence} has ended; what stands is told now."
    out.done(said, data={"id": silence}, next=("wabot alerts list",))


def rules_of(words: list[str]) -> list[str]:
    """Return the rules as they are; UnknownChoice names what was likely meant."""
    from difflib import get_close_matches

    from wabot.domain.alerts import Rule
    from wabot.errors import UnknownChoice

    known = [rule.value for rule in Rule]
    for word in words:
        if word not in known:
            close = get_close_matches(word, known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise UnknownChoice(
                f"there is no rule {word!r}.{meant}", hint=f"Rules: {', '.join(known)}"
            )
    return words


def _data(silence: "Silence") -> dict[str, Any]:
    return {column: plain(getattr(silence, column)) for column in _COLUMNS}
