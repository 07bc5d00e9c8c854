"""The metrics, as Prometheus reads them.

Every label has few values. What others may invent (a message's type, an error code) is counted
under "other" once there are too many of it; shops are told apart only when asked for, and so many.
"""

import os
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from platform import python_version
from typing import Any, Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from wabot.services.runtime.backlog import Backlog
from wabot.services.runtime.measuring import Measures, Vitals

OTHER: Final = "other"

# The moment of each series' making: as many series again, that nobody asks for.
disable_created_metrics()

_MOST_VALUES = 40
_FAST = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_SLOW = (0.02, 0.05, 0.1, 0.2, 0.4, 1, 2, 4, 8, 20, 60, 300)

Child = TypeVar("Child", Counter, Histogram)


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as the README lists it."""

    name: str
    told: str
    labels: tuple[str, ...]


class PrometheusMeasures(Measures):
    """The metrics of one process.

    With a `folder` they are kept in files there, and whoever renders sees the sum over all the
    processes that share it; `place` is this one's own among those that live. At most `tenants`
    shops are told apart.
    """

    def __init__(
        self, version: str, *, folder: Path | None = None, place: str = "0", tenants: int = 0
    ) -> None:
        if folder is not None:
            # Not by process ids: each worker that is started would leave files for ever.
            values.ValueClass = values.MultiProcessValue(lambda: place)
        self._registry = CollectorRegistry()
        self._folder = folder
        self._version = version
        self._tenants: set[str] | None = set() if tenants else None
        self._most_tenants = tenants
        self._seen: dict[str, set[str]] = {}
        self._children: dict[Hashable, Any] = {}
        self.described: list[Described] = []
        self._cpu_seconds = 0.0
        by_tenant = ("tenant",) if tenants else ()
        count, timed, level = self._counter, self._histogram, self._gauge

        self._webhooks = count("webhooks", "Webhooks answered, by HTTP status.", "code")
        self._webhook = timed(
            "webhook_seconds", "Seconds until a webhook was stored and acknowledged.", _FAST
        )
        self._received = count(
            "messages_received",
            "Messages of people, by type and by whether they were kept: accepted, unrouted (no"
            " shop has the number), foreign_app, malformed.",
            *("type", "result", *by_tenant),
        )
        self._statuses = count("statuses_received", "What Meta told of our messages.", "status")
        self._duplicates = count("events_duplicate", "Events that were delivered before.")
        self._turns = count("turns", "Turns of conversations: done, waits or failed.", "result")
        self._turn = timed("turn_seconds", "Seconds of a turn, the handing over included.", _SLOW)
        self._replied = timed(
            "reply_seconds", "Seconds from a stored message to its answer accepted by Graph.", _SLOW
        )
        self._sessions = count("sessions", "Customers who begin, or come back later.")
        self._orders = count("orders", "Orders placed.", *by_tenant)
        self._handoffs = count("handoffs", "Chats given to a person.", "reason", *by_tenant)
        self._sent = count(
            "messages_sent",
            "Messages handed to Graph: accepted, rejected or unknown.",
            *("type", "result", *by_tenant),
        )
        self._graph = timed(
            "graph_request_seconds", "Seconds of a request to Graph.", _SLOW, "status"
        )
        self._graph_errors = count("graph_errors", "Errors of Graph by their code.", "code")
        self._files = count("media_files", "Files of customers dealt with.", "kind", "result")
        self._alerts = count(
            "alerts_raised",
            "Alerts raised or repeated by a server's own work, by rule; what is found by looking"
            " over all shops is in wabot_alerts_open alone.",
            "rule",
        )
        self._leases_lost = count("leases_lost", "Conversations lost to another process.")
        self._lag = timed(
            "event_loop_lag_seconds", "How late the event loop is when it is looked at.", _FAST
        )
        self._cpu = count("process_cpu_seconds", "Processor time of the servers.")
        self._workers = level("workers", "Processes that serve on this machine.")
        self._held = level("conversations_held", "Conversations at work.")
        self._pools = level(
            "pool_connections", "Connections to databases: open, in_use.", "pool", "state"
        )
        self._pool_waiting = level(
            "pool_requests_waiting", "Requests that wait for a connection.", "pool"
        )
        self._breakers = level("breakers_open", "Databases or servers spared after failures.")
        self._memory = level("process_resident_memory_bytes", "Memory of the servers.")

    def _named(self, kind: Any, name: str, told: str, labels: Sequence[str], **more: Any) -> Any:
        # In files all values are read from there, of this process too.
        registry = None if self._folder else self._registry
        ending = "_total" if kind is Counter else ""
        self.described.append(Described(f"wabot_{name}{ending}", told, tuple(labels)))
        return kind(f"wabot_{name}", told, labels, registry=registry, **more)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        made: Counter = self._named(Counter, name, told, labels)
        return made

    def _histogram(self, name: str, told: str, buckets: Sequence[float], *labels: str) -> Histogram:
        made: Histogram = self._named(Histogram, name, told, labels, buckets=buckets)
        return made

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        made: Gauge = self._named(Gauge, name, told, labels, multiprocess_mode="livesum")
        return made

    def _of(self, family: Child, *labels: str) -> Child:
        key = (id(family), labels)
        child: Child | None = self._children.get(key)
        if child is None:
            child = self._children[key] = family.labels(*labels)
        return child

    def _bounded(self, label: str, value: str) -> str:
        seen = self._seen.setdefault(label, set())
        if value not in seen:
            if len(seen) >= _MOST_VALUES:
                return OTHER
            seen.add(value)
        return value

    def _shop(self, tenant: str) -> tuple[str, ...]:
        if self._tenants is None:
            return ()
        if tenant not in self._tenants:
            if not tenant or len(self._tenants) >= self._most_tenants:
                return (OTHER,)
            self._tenants.add(tenant)
        return (tenant,)

    def webhook(self, code: int, seconds: float) -> None:
        """Note an answered webhook."""
        self._of(self._webhooks, str(code)).inc()
        self._webhook.observe(seconds)

    def received(self, tenant: str, kind: str, result: str) -> None:
        """Note a message of a person, and whether it was kept."""
        kind = self._bounded("type", kind)
        self._of(self._received, kind, result, *self._shop(tenant)).inc()

    def status(self, status: str) -> None:
        """Note what Meta told of a message of ours."""
        self._of(self._statuses, self._bounded("status", status)).inc()

    def duplicates(self, count: int) -> None:
        """Note events that were there already."""
        self._duplicates.inc(count)

    def turn(self, result: str, seconds: float) -> None:
        """Note a turn and how it ended."""
        self._of(self._turns, result).inc()
        self._turn.observe(seconds)

    def replied(self, seconds: float) -> None:
        """Note how long a customer's message took to be answered."""
        self._replied.observe(seconds)

    def session(self) -> None:
        """Note a customer who begins, or comes back after their session ran out."""
        self._sessions.inc()

    def order(self, tenant: str) -> None:
        """Note an order."""
        shop = self._shop(tenant)
        (self._of(self._orders, *shop) if shop else self._orders).inc()

    def handoff(self, tenant: str, reason: str) -> None:
        """Note a conversation that goes to a person."""
        self._of(self._handoffs, self._bounded("reason", reason), *self._shop(tenant)).inc()

    def sent(self, tenant: str, kind: str, result: str) -> None:
        """Note what became of a message handed to Graph."""
        self._of(self._sent, kind, result, *self._shop(tenant)).inc()

    def graph(self, status: int | None, code: int | None, seconds: float) -> None:
        """Note a request to Graph: its HTTP status, if any came, and Graph's error code."""
        self._of(self._graph, f"{status // 100}xx" if status else "none").observe(seconds)
        if code is not None:
            self._of(self._graph_errors, self._bounded("code", str(code))).inc()

    def file(self, kind: str, result: str) -> None:
        """Note what became of a customer's file."""
        self._of(self._files, kind, result).inc()

    def alert(self, rule: str) -> None:
        """Note an alert."""
        self._of(self._alerts, self._bounded("rule", rule)).inc()

    def lease_lost(self) -> None:
        """Note a conversation that another process took over in the middle of work."""
        self._leases_lost.inc()

    def lag(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self._lag.observe(seconds)

    def sample(self, vitals: Vitals) -> None:
        """Note how the process is doing."""
        self._workers.set(1)
        self._held.set(vitals.held)
        for pool in vitals.pools:
            self._pools.labels(pool.name, "open").set(pool.open)
            self._pools.labels(pool.name, "in_use").set(pool.in_use)
            self._pool_waiting.labels(pool.name).set(pool.waiting)
        self._breakers.set(vitals.breakers_open)
        memory = _resident_bytes()
        if memory is not None:
            self._memory.set(memory)
        spent = time.process_time()
        self._cpu.inc(spent - self._cpu_seconds)
        self._cpu_seconds = spent

    def render(self, backlog: Backlog | None) -> bytes:
        """Return all metrics as text; without a backlog the database did not answer."""
        registry = CollectorRegistry()
        for collect in (self._of_processes, lambda: _central(backlog), self._build):
            registry.register(_Collector(collect))
        return generate_latest(registry)

    def _of_processes(self) -> Iterable[Metric]:
        if self._folder is None:
            return self._registry.collect()
        collected: Iterable[Metric] = MultiProcessCollector(None, str(self._folder)).collect()
        return collected

    def _build(self) -> Iterable[Metric]:
        info = GaugeMetricFamily(
            "wabot_build_info", "This installation.", labels=("version", "python")
        )
        info.add_metric((self._version, python_version()), 1)
        return (info,)


class _Collector:
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()


def _central(backlog: Backlog | None) -> Iterable[Metric]:
    """Return what the central database tells: the same on every machine that shares it."""
    yield _level("database_up", "Whether the central database answers.", backlog is not None)
    if backlog is None:
        return
    yield _levels("inbox_events", "Events not handled yet.", ("state",), backlog.events)
    yield _level("inbox_oldest_seconds", "Age of the oldest that waits.", backlog.inbox_age)
    yield _level(
        "outbox_oldest_seconds",
        "Age of the oldest event that was handled, its messages not all handed over.",
        backlog.outbox_age,
    )
    yield _level("media_waiting", "Files still to be fetched.", backlog.files)
    yield _level("media_oldest_seconds", "Age of the oldest of them.", backlog.files_age)
    yield _level("timers", "Timers that are set.", backlog.timers)
    yield _levels("shops", "Shops by their status.", ("status",), backlog.shops)
    yield _level("shops_sending_paused", "Shops whose sending stands still.", backlog.paused)
    yield _levels("alerts_open", "Alerts not resolved.", ("rule", "severity"), backlog.alerts)


def _level(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"wabot_{name}", told, value=float(value))


def _levels(
    name: str, told: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], int]]
) -> Metric:
    family = GaugeMetricFamily(f"wabot_{name}", told, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _resident_bytes() -> int | None:
    """Return the memory of this process, where /proc tells it."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
