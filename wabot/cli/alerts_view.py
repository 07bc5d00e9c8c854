"""Alerts as people read them: a block each, whose rule, key and command can be copied."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from wabot.cli.output import Output
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.repositories.alerts.listing import AlertRow

_STYLES = {"critical": "bold red", "error": "red", "warning": "yellow"}


def show(out: Output, alerts: Sequence["AlertRow"]) -> None:
    """Print the alerts on a terminal."""
    for place, alert in enumerate(alerts):
        if place:
            out.text("")
        for line in _block(alert):
            out.styled(*line)


def _block(alert: "AlertRow") -> Iterator[tuple[tuple[str, str], ...]]:
    over = alert.resolved_at is not None
    of = f" ({alert.tenant})" if alert.tenant else ""
    style = "dim" if over else _STYLES.get(alert.severity, "")
    yield (alert.severity, style), (f" {alert.rule}{of}", "bold")
    yield ((f"  {alert.message}", ""),)
    yield _field("since", _since(alert))
    if alert.resolved_at is not None:
        yield _field("over", _moment(alert.resolved_at))
    if alert.told:
        yield _field("told", alert.told.replace(" ", ", "))
    if alert.silenced_until is not None:
        yield _field("silent", f"until {_moment(alert.silenced_until)}")
    if alert.next:
        yield _field("next", alert.next)
    yield _field("key", alert.key)


def _field(name: str, value: str) -> tuple[tuple[str, str], ...]:
    return (f"  {name:<6} ", "cyan"), (value, "")


def _since(alert: "AlertRow") -> str:
    since = _moment(alert.first_at)
    if alert.occurrences == 1:
        return since
    return f"{since}, {counted(alert.occurrences, 'time')}, last {_moment(alert.last_at)}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}"
