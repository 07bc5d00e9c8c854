"""Judgements over facts: what is an alert, and what is none."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from wabot.domain.alerts.rules import Rule, Severity
from wabot.domain.counted import counted

_FEWEST_FAILURES = 5
_MOST_FAIL, _FEW_FAIL = 0.5, 0.2
_MANY_UNDELIVERED, _FEW_UNDELIVERED = 0.3, 0.1
_DAY = timedelta(days=1)
_TOKEN_ENDS_SOON = 7 * _DAY
_FULL = 0.85
_NEARLY_FULL = 0.95
_GIGABYTE = 1024**3
_DISK_IN_DANGER = 3
_DEATHS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong now; without a severity it is its rule's."""

    key: str
    client_id: UUID | None
    message: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a shop sent lately: taken, not taken for no fault of the message, not delivered."""

    client_id: UUID
    slug: str
    accepted: int
    failed: int
    undelivered: int


def graph_failing(shops: Iterable[Traffic], standing: Collection[str]) -> list[Finding]:
    """Find shops of which Meta takes half or less; one that was found stays so until a fifth."""
    found = []
    for shop in shops:
        key = f"{Rule.GRAPH_FAILING}:{shop.client_id}"
        tried = shop.accepted + shop.failed
        if _too_many(shop.failed, tried, _FEW_FAIL if key in standing else _MOST_FAIL):
            of_all = f"{shop.failed} of {counted(tried, 'message')} of {shop.slug}"
            said = f"Meta did not take {of_all} lately."
            found.append(Finding(key, shop.client_id, said))
    return found


def delivery_failing(shops: Iterable[Traffic], standing: Collection[str]) -> list[Finding]:
    """Find shops of whose messages three in ten do not arrive; one stays so until one in ten."""
    found = []
    for shop in shops:
        key = f"{Rule.DELIVERY_FAILING}:{shop.client_id}"
        sent = max(shop.accepted, shop.undelivered)
        share = _FEW_UNDELIVERED if key in standing else _MANY_UNDELIVERED
        if _too_many(shop.undelivered, sent, share):
            of_all = f"{shop.undelivered} of {counted(sent, 'message')} of {shop.slug}"
            said = f"{of_all} did not arrive lately."
            found.append(Finding(key, shop.client_id, said))
    return found


def _too_many(bad: int, all_: int, share: float) -> bool:
    return bad >= _FEWEST_FAILURES and bad >= share * all_


@dataclass(frozen=True, slots=True)
class Token:
    """When a shop's token ends."""

    client_id: UUID
    slug: str
    ends_at: datetime


def tokens_expiring(tokens: Iterable[Token], now: datetime) -> list[Finding]:
    """Find tokens that end within a week, the graver the sooner."""
    found = []
    for token in tokens:
        left = token.ends_at - now
        if left > _TOKEN_ENDS_SOON:
            continue
        over = left <= timedelta(0)
        severity = Severity.WARNING if left > _DAY else Severity.ERROR
        verb = "ended" if over else "ends"
        found.append(
            Finding(
                f"{Rule.TOKEN_EXPIRING}:{token.client_id}",
                token.client_id,
                f"The token of {token.slug} {verb} on {_moment(token.ends_at)}.",
                Severity.CRITICAL if over else severity,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Events that wait because nobody may have them: of a number, signed by an app.

    `client_id` is the client that has the number and is bound to `bound_to`; None when none has.
    """

    phone_number_id: str
    app_id: str
    count: int
    client_id: UUID | None = None
    slug: str = ""
    bound_to: str = ""


def foreign_apps(waiting: Iterable[Unrouted]) -> list[Finding]:
    """Find shops whose messages another app signs than the one they are bound to."""
    return [
        Finding(
            f"{Rule.FOREIGN_APP}:{each.client_id}:{each.app_id}",
            each.client_id,
            f"The Meta app {each.app_id} signs what is written to {each.slug}, which is bound to"
            f" the app {each.bound_to}: {_waiting(each.count)}, nobody is answered.",
        )
        for each in waiting
        if each.client_id is not None
    ]


def _waiting(count: int) -> str:
    return counted(count, "event waits", "events wait")


def unknown_numbers(waiting: Iterable[Unrouted]) -> list[Finding]:
    """Find numbers that are written to and that no shop has."""
    counts: dict[str, int] = {}
    for each in waiting:
        if each.client_id is None:
            counts[each.phone_number_id] = counts.get(each.phone_number_id, 0) + each.count
    return [
        Finding(
            f"{Rule.UNKNOWN_NUMBER}:{number}",
            None,
            f"{_waiting(count)} for the number {number}, which no shop has.",
        )
        for number, count in counts.items()
    ]


@dataclass(frozen=True, slots=True)
class WaitingOrders:
    """Orders of a shop that still have their first status after so many minutes."""

    client_id: UUID
    slug: str
    minutes: int
    count: int
    oldest: str = ""
    since: datetime | None = None


def orders_waiting(shops: Iterable[WaitingOrders]) -> list[Finding]:
    """Find shops that leave orders lying."""
    return [
        Finding(
            f"{Rule.ORDER_WAITS}:{shop.client_id}",
            shop.client_id,
            f"{counted(shop.count, 'order')} of {shop.slug}"
            f" {'was' if shop.count == 1 else 'were'} not accepted within"
            f" {counted(shop.minutes, 'minute')};"
            f" the oldest is {shop.oldest}, of {_moment(shop.since)}.",
        )
        for shop in shops
        if shop.count and shop.since is not None
    ]


def connections_used(used: int, most: int) -> list[Finding]:
    """Find that the server's connections are nearly used up."""
    if used < _FULL * most:
        return []
    severity = Severity.CRITICAL if used >= _NEARLY_FULL * most else None
    said = f"The central database's server has {used} of at most {counted(most, 'connection')}."
    return [Finding(f"{Rule.DATABASE_CONNECTIONS}:central", None, said, severity)]


def database_size(size: int, most_gigabytes: int) -> list[Finding]:
    """Find that the database is larger than was foreseen."""
    if not most_gigabytes or size <= most_gigabytes * _GIGABYTE:
        return []
    said = (
        f"The central database has {size / _GIGABYTE:.1f} GB, more than"
        f" WABOT_ALERTS_DATABASE_GB={most_gigabytes}."
    )
    return [Finding(f"{Rule.DATABASE_SIZE}:central", None, said)]


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that a folder is on."""

    folder: str
    free: int
    size: int


def disks_low(disks: Iterable[Disk], host: str, percent: int) -> list[Finding]:
    """Find disks with less free than that share."""
    found = []
    for disk in disks:
        share = 100 * disk.free / max(disk.size, 1)
        if share >= percent:
            continue
        said = (
            f"The disk of {disk.folder} on {host} has {disk.free / _GIGABYTE:.1f} GB free,"
            f" {share:.0f} % of it."
        )
        severity = Severity.CRITICAL if share < min(_DISK_IN_DANGER, percent) else None
        found.append(Finding(f"{Rule.DISK_LOW}:{host}:{disk.folder}", None, said, severity))
    return found


@dataclass(frozen=True, slots=True)
class Host:
    """The serving processes of a machine: alive, died lately; and when one was last seen.

    `ended_well` tells whether the last one said that it ends.
    """

    name: str
    alive: int
    died: int
    seen_at: datetime
    ended_well: bool


def processes_dying(hosts: Iterable[Host]) -> list[Finding]:
    """Find machines whose processes die again and again and come back."""
    return [
        Finding(
            f"{Rule.WORKER_DYING}:{host.name}",
            None,
            f"{counted(host.died, 'serving process', 'serving processes')} of {host.name} died"
            " within 15 minutes.",
        )
        for host in hosts
        if host.died >= _DEATHS
    ]


def servers_gone(hosts: Iterable[Host]) -> list[Finding]:
    """Find machines on which nothing serves although nobody ended it."""
    return [
        Finding(
            f"{Rule.SERVER_GONE}:{host.name}",
            None,
            f"Nothing serves on {host.name} any more; it was last seen {_moment(host.seen_at)}.",
        )
        for host in hosts
        if not host.alive and not host.ended_well
    ]


@dataclass(frozen=True, slots=True)
class Backup:
    """When a shop was last exported; before that it counts from its creation."""

    client_id: UUID
    slug: str
    at: datetime
    exported: bool


def backups_old(backups: Iterable[Backup], days: int, now: datetime) -> list[Finding]:
    """Find shops that were not exported for so many days."""
    found = []
    for backup in backups:
        if not days or now - backup.at <= days * _DAY:
            continue
        said = f"{backup.slug} was last exported on {_moment(backup.at)}."
        if not backup.exported:
            said = f"{backup.slug} has never been exported, since {_moment(backup.at)}."
        found.append(Finding(f"{Rule.BACKUP_OLD}:{backup.client_id}", backup.client_id, said))
    return found


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A shop whose sending stands still for want of a payment method."""

    client_id: UUID
    slug: str
    reason: str


def unpaid(shops: Iterable[Unpaid]) -> list[Finding]:
    """Find shops that Meta wants money from."""
    return [
        Finding(
            f"{Rule.PAYMENT_PROBLEM}:paused:{shop.client_id}",
            shop.client_id,
            f"Meta takes no messages of {shop.slug} for want of a payment method: {shop.reason}",
        )
        for shop in shops
    ]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
