"""`wabot plan usage`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.domain.counted import counted
from wabot.errors import Finding, InvalidInput

if TYPE_CHECKING:
    from wabot.container import Provisioning
    from wabot.services.provisioning.plan_usage import MonthTotals, UsageReport
    from wabot.services.provisioning.plan_usage_of_all import Freshness, RolledTotals

_TOTALS = (
    *("slug", "month", "messages", "limit", "orders", "messages_per_order"),
    *("cost", "cost_per_order", "currency", "allowance_left"),
)


def usage(
    slug: Annotated[str, typer.Argument(help="The shop; all of them without it.")] = "",
    *,
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Default: the present one of the shop.")
    ] = "",
    csv: Annotated[
        bool, typer.Option("--csv", help="A line per day; per shop where none is named.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Write the central figures anew from the shops' tables."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Tell what shops used in a month: messages and orders by day, and what Meta bills for them.

    One shop is asked itself; without a shop the figures are those that running servers roll up
    every minute, each `as_of` when. `allowance_left` is what is left of Meta's free service
    messages of the number and month.
    """
    from wabot.container import open_tenants
    from wabot.domain.usage import Month

    if csv and json:
        raise InvalidInput("--csv and --json do not go together")
    try:
        wanted = Month.parse(month) if month else None
    except ValueError as error:
        raise InvalidInput(f"--month: {error}") from None
    out = Output("plan usage", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        if rebuild:
            _rebuild(out, provisioning, slug)
        if not slug:
            _every(out, *provisioning.plan_usage_of_all.run(wanted), csv=csv)
            return
        report = provisioning.plan_usage.run(slug, wanted)
    _warn(out, report)
    if csv:
        _write_csv(out, ("day", "messages", "orders"), _days(report))
    elif json:
        names = ("day", "messages", "orders")
        days = [dict(zip(names, line, strict=True)) for line in _days(report)]
        out.record(_totals(report) | {"days": days})
    elif out.on_terminal:
        from wabot.cli.plan.usage_chart import draw

        draw(report)
    else:
        out.record(_totals(report))


def _rebuild(out: Output, provisioning: "Provisioning", slug: str) -> None:
    import asyncio

    from wabot.container import open_central
    from wabot.container.usage import rebuild_usage
    from wabot.services.provisioning.look import find_tenant

    only = find_tenant(provisioning.tenants, slug).id if slug else None
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    with open_central(settings) as urls:
        unread = asyncio.run(rebuild_usage(settings, urls.runtime_url, only))
    for name, reason in unread:
        out.warn(f"the central figures of {name} stay as they were: {reason}")
    if not unread:
        out.note("The central figures are those of the shops' own tables again.")


def _every(out: Output, fresh: "Freshness", found: "list[RolledTotals]", *, csv: bool) -> None:
    rows, unread = [], []
    for report in found:
        _warn(out, report)
        as_of = _written(report.as_of) if report.as_of else None
        totals = _totals(report)
        rows.append((*(totals[column] for column in _TOTALS), as_of, report.unread or None))
        if report.unread:
            unread.append(report.tenant.slug)
            out.warn(f"{report.tenant.slug} is as of {as_of or 'no time'}: {report.unread}")
    rebuild = "wabot plan usage --rebuild"
    until = _written(fresh.done_until)
    if fresh.is_old:
        out.warn(f"no server has rolled the figures up since {until}; up to date by: {rebuild}")
    columns = (*_TOTALS, "as_of", "unread")
    problem = f"{counted(len(unread), 'shop')} could not be read lately: {', '.join(unread)}"
    if unread:
        out.found(problem)
    if csv:
        _write_csv(out, columns, rows)
    elif out.on_terminal:
        # A line has no room for what is the same in all, or stands among the warnings.
        out.table(_TOTALS, [row[: len(_TOTALS)] for row in rows])
        out.note(f"As of {until}.")
    else:
        out.table(columns, rows, next=(rebuild,) if fresh.is_old else ())
    if unread and out.json:
        # The document is out already, with what could not be read among its warnings.
        raise typer.Exit(1)
    if unread:
        raise Finding(problem)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _totals(report: "MonthTotals") -> dict[str, Any]:
    def plain(value: Any) -> str | None:
        return None if value is None else f"{value:f}"

    return {
        "slug": report.tenant.slug,
        "month": str(report.month),
        "messages": report.messages,
        "limit": report.limit,
        "orders": report.orders,
        "messages_per_order": plain(report.messages_per_order),
        "cost": plain(report.cost.amount),
        "cost_per_order": plain(report.cost_per_order),
        "currency": report.cost.currency,
        "allowance_left": report.cost.allowance_left,
    }


def _days(report: "UsageReport") -> list[tuple[str, int, int]]:
    use = report.use
    return [
        (day.isoformat(), use.messages.get(day, 0), use.orders.get(day, 0)) for day in report.days
    ]


def _warn(out: Output, report: "MonthTotals") -> None:
    for lost in report.cost.unpriced:
        out.warn(
            f"{report.tenant.slug}: no price is known for"
            f" {counted(lost.messages, f'{lost.category} message')} ({lost.kind})"
            f" to {lost.recipients}…: not in the cost"
        )


def _write_csv(out: Output, columns: tuple[str, ...], rows: list[Any]) -> None:
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    out.text(text.getvalue().rstrip("\n"))
