"""`wabot alerts`: what is wrong, and whether the operator would hear of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from wabot.cli.alerts_silence import app as silence_app
from wabot.cli.alerts_silence import rules_of
from wabot.cli.central import open_alerts
from wabot.cli.output import JsonOption, Output, plain
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import duration
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.config import Settings

app = typer.Typer(rich_markup_mode=None)
app.add_typer(silence_app, name="silence", help="Record alerts without telling them, for a while.")

TenantOption = Annotated[str, typer.Option("--tenant", metavar="SLUG", help="Of this shop only.")]

_LISTED = ("severity", "rule", "tenant", "message", "occurrences", "first_at", "last_at")
_ENDED = ("resolved_at",)
_MORE = ("told", "silenced_until", "key", "next")


@app.command("list")
def list_(
    *,
    all_: Annotated[bool, typer.Option("--all", help="Also alerts that are over.")] = False,
    since: Annotated[
        str, typer.Option(metavar="LENGTH", help="What happened within that time, like 24h or 7d.")
    ] = "",
    tenant: TenantOption = "",
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Of this rule; several: repeat it.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List the alerts that stand, the gravest first."""
    from wabot.cli.alerts_view import show

    wanted, within = rules_of(rule or []), duration(since, "--since") if since else None
    out = Output("alerts list", json=json)
    with open_alerts(out) as (alerts, _):
        found = alerts.listing(
            everything=all_ or within is not None,
            since=within,
            slug=tenant,
            rules=wanted,
            limit=limit,
        )
        for trouble in alerts.troubles():
            out.warn(
                f"The channel {trouble.channel} failed {counted(trouble.failures, 'time')} in a"
                f" row: {trouble.last_error} Try it: wabot alerts test {trouble.channel}"
            )
    ended = _ENDED if all_ or within is not None else ()
    if out.on_terminal:
        show(out, found)
    else:
        columns = (*_LISTED, *ended, *_MORE)
        out.table(columns, [[plain(getattr(row, name)) for name in columns] for row in found])
    if not found and not json:
        out.note("No alert stands." if not ended else "There were no alerts.")


@app.command("test")
def try_(
    channel: Annotated[
        str | None,
        typer.Argument(help="log, email, sns, webhook or whatsapp; default: all that are set."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Send a test through each channel that is set, and say what fails and how to mend it."""
    import asyncio

    from wabot.container.alerts import try_channels
    from wabot.errors import Finding

    out = Output("alerts test", json=json)
    settings = _with_logs(read_settings(out))
    trials = asyncio.run(try_channels(settings, channel))
    columns = ("channel", "status", "detail", "fix")
    rows = [[trial.channel, trial.status, trial.detail, trial.fix] for trial in trials]
    failed = [trial.channel for trial in trials if trial.status == "failed"]
    problem = f"{', '.join(failed)}: the test did not get through"
    if failed:
        out.found(problem)
    out.table(columns, rows)
    if failed and json:
        raise typer.Exit(1)
    if failed:
        raise Finding(problem)
    if not json and all(trial.channel == "log" for trial in trials):
        out.note("No channel but the log is set: see WABOT_ALERTS_… in the README.")


@app.command()
def send(json: JsonOption = False) -> None:
    """Tell now what is due, as `wabot serve` does by itself: for cron, where no server runs."""
    import asyncio

    from wabot.container import open_central
    from wabot.container.alerts import send_once
    from wabot.errors import Finding
    from wabot.repositories.engines import database_errors

    out = Output("alerts send", json=json)
    settings = _with_logs(read_settings(out))
    with open_central(settings) as urls, database_errors(urls.runtime_url):
        told = asyncio.run(send_once(settings, urls.runtime_url))
    problems = [each for each in told if each.problem]
    if problems:
        first = problems[0]
        named = "; ".join(f"{each.channel}: {each.problem}" for each in problems)
        raise Finding(f"Some alerts could not be told: {named}", hint=first.hint, retryable=True)
    data = [{"channel": each.channel, "alerts": each.alerts} for each in told]
    words = ", ".join(f"{each.alerts} through {each.channel}" for each in told)
    out.done(f"Told: {words}." if words else "Nothing is due.", data=data)


@app.command()
def resolve(
    key: Annotated[str, typer.Argument(help="As in `wabot alerts list --json`.")],
    json: JsonOption = False,
) -> None:
    """Count an alert as over; raised again, it is told again."""
    out = Output("alerts resolve", json=json)
    with open_alerts(out) as (alerts, actor):
        alerts.resolve(key, actor=actor)
    out.done(f"{key} is over.", data={"key": key}, next=("wabot alerts list",))


def _with_logs(settings: "Settings") -> "Settings":
    """Let the channel `log` write where the server's log is written."""
    from wabot import logs

    logs.configure(
        settings["WABOT_LOG_LEVEL"],
        settings["WABOT_LOG_FORMAT"],
        secrets=settings.secret_words,
        file=settings["WABOT_LOG_FILE"],
    )
    return settings
