"""What is told of an alert, when, and in which words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from wabot.domain.alerts.rules import Rule, Severity
from wabot.domain.counted import counted

# Written out in one message; of the others their number by rule.
_WRITTEN_OUT = 20
_FIRST_RETRY = timedelta(seconds=15)
_LAST_RETRY = timedelta(minutes=15)


class News(StrEnum):
    """What is new about an alert for whoever reads a channel."""

    RAISED = "raised"
    AGAIN = "again"
    """Told before, and it stands still or anew."""
    RESOLVED = "resolved"
    PASSED = "passed"
    """Raised and resolved before it could be told."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it is stored; `tenant` is the shop's slug, empty when it concerns no single one.

    `rule` may be one of another version of wabot, which the catalogue here does not have.
    """

    id: int
    key: str
    rule: str
    severity: Severity
    message: str
    tenant: str
    occurrences: int
    first_at: datetime
    last_at: datetime
    resolved_at: datetime | None = None

    @property
    def known(self) -> Rule | None:
        """Return its rule, if the catalogue has it."""
        return Rule(self.rule) if self.rule in set(Rule) else None


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert with what is to be told of it."""

    alert: Alert
    news: News


@dataclass(frozen=True, slots=True)
class Digest:
    """One message: a line for where little room is, and the whole of it."""

    subject: str
    text: str
    severity: Severity
    notices: tuple[Notice, ...] = ()


def retry_in(failures: int) -> timedelta:
    """Return how long a channel rests after so many failures in a row."""
    return min(_FIRST_RETRY * (1 << min(max(failures - 1, 0), 10)), _LAST_RETRY)


def digest(notices: Sequence[Notice]) -> Digest:
    """Put everything that is due into one message, the gravest first."""
    ordered = sorted(notices, key=_gravity)
    gravest = max((notice.alert.severity for notice in ordered), key=lambda s: s.rank)
    blocks = [_block(notice) for notice in ordered[:_WRITTEN_OUT]]
    rest = ordered[_WRITTEN_OUT:]
    if rest:
        counts = Counter(notice.alert.rule for notice in rest).most_common()
        named = ", ".join(f"{count} × {rule}" for rule, count in counts)
        blocks.append(f"and {len(rest)} more: {named}\nAll of them: wabot alerts list --all")
    return Digest(_subject(ordered), "\n\n".join(blocks), gravest, tuple(ordered))


def trial(channel: str, host: str) -> Digest:
    """Return the message that proves a channel."""
    text = f"This is a test of the channel {channel}, sent by `wabot alerts test` on {host}."
    return Digest("[wabot] test of alerts", text, Severity.WARNING)


def _gravity(notice: Notice) -> tuple[int, int, datetime]:
    over = notice.news in {News.RESOLVED, News.PASSED}
    return (int(over), -notice.alert.severity.rank, notice.alert.first_at)


def _subject(notices: Sequence[Notice]) -> str:
    first = notices[0]
    if len(notices) == 1:
        return f"[wabot] {_mark(first)} {first.alert.rule}{_of(first.alert)}"
    over = sum(notice.news in {News.RESOLVED, News.PASSED} for notice in notices)
    standing = Counter(
        notice.alert.severity
        for notice in notices
        if notice.news not in {News.RESOLVED, News.PASSED}
    )
    parts = [f"{standing[s]} {s.value}" for s in reversed(Severity) if standing[s]]
    parts += [f"{over} resolved"] if over else []
    return f"[wabot] {counted(len(notices), 'alert')}: {', '.join(parts)}"


def _block(notice: Notice) -> str:
    alert, rule = notice.alert, notice.alert.known
    lines = [f"{_mark(notice)} {alert.rule}{_of(alert)}: {alert.message}"]
    if notice.news in {News.RESOLVED, News.PASSED}:
        assert alert.resolved_at is not None
        lasted = _length(alert.resolved_at - alert.first_at)
        lines.append(f"over since {_moment(alert.resolved_at)}, after {lasted}")
        return "\n".join(lines)
    times = f", {counted(alert.occurrences, 'time')}" if alert.occurrences > 1 else ""
    lines.append(f"since {_moment(alert.first_at)}{times} · key {alert.key}")
    if rule is not None:
        lines.append(f"next: {rule.remedy(alert.tenant)}")
    return "\n".join(lines)


def _mark(notice: Notice) -> str:
    match notice.news:
        case News.RAISED:
            return notice.alert.severity.value.upper()
        case News.AGAIN:
            return f"STILL {notice.alert.severity.value.upper()}"
        case News.RESOLVED:
            return "RESOLVED"
        case News.PASSED:
            return "RAISED AND RESOLVED"


def _of(alert: Alert) -> str:
    return f" ({alert.tenant})" if alert.tenant else ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _length(lasted: timedelta) -> str:
    seconds = int(lasted.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} d"
