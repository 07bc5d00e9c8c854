"""A month of a shop as a chart for the terminal."""

import sys
from datetime import date
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.services.provisioning.plan_usage import UsageReport

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST = 60
_FRIDAY = 4


def draw(report: "UsageReport", stdout: TextIO | None = None) -> None:
    """Print the totals, and a bar for each day of the month."""
    console = Console(file=stdout or sys.stdout, highlight=False)
    console.print(Group(_totals(report), _bars(report, console.width)))


def bar(value: int, most: int, width: int) -> str:
    """Return a bar as long as the value's share of the most, to an eighth of a cell."""
    eighths = round(value * width * 8 / most) if most else 0
    # What is more than nothing is seen.
    eighths = max(eighths, 1) if value else 0
    full, rest = divmod(eighths, 8)
    return "█" * full + _EIGHTHS[rest].strip()


def _totals(report: "UsageReport") -> Text:
    share = f" ({report.messages * 100 // report.limit} %)" if report.limit else ""
    lines = [
        f"{report.messages:,} of {counted(report.limit, 'message')}{share}",
        counted(report.orders, "order"),
    ]
    if report.messages_per_order is not None:
        lines.append(f"{report.messages_per_order:f} messages per order")
    cost = report.cost
    billed = f"cost {cost.amount:f} {cost.currency}"
    if report.cost_per_order is not None:
        billed += f" · {report.cost_per_order:f} per order"
    billed += f" · {cost.allowance_left:,} of Meta's free messages left"
    head = f"{report.tenant.name} ({report.tenant.slug}) · plan {report.tenant.plan}"
    zone = report.tenant.time_zone
    return Text.assemble(
        (head, "bold"), f" · {report.month} in {zone}\n", " · ".join(lines), "\n", billed, "\n"
    )


def _bars(report: "UsageReport", width: int) -> Table:
    messages, orders = report.use.messages, report.use.orders
    most = max(messages.values(), default=0)
    length = max(min(width - 32, _WIDEST), 10)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("day", "", "messages", "orders"):
        table.add_column(name, justify="left" if name in {"day", ""} else "right")
    for day in report.days:
        sent, placed = messages.get(day, 0), orders.get(day, 0)
        style = "dim" if day.weekday() > _FRIDAY else ""
        table.add_row(
            Text(_name(day), style),
            Text(bar(sent, most, length), "green"),
            f"{sent:,}" if sent else "",
            f"{placed:,}" if placed else "",
        )
    return table


def _name(day: date) -> str:
    return f"{day:%a} {day.day:>2}"
