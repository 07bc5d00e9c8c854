"""What happened to a message or an order, from what the databases keep: a timeline of steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wabot.domain.counted import counted


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; `detail` holds codes and numbers, never what somebody wrote."""

    at: datetime
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event as the inbox has it; handled ones leave it after a while."""

    id: int
    kind: str
    state: str
    attempts: int
    received_at: datetime
    due_at: datetime
    done_at: datetime | None
    last_error: str
    request_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A person's message, or an event like it, that a turn has handled."""

    kind: str
    event_key: str
    contact: str
    occurred_at: datetime
    handled_at: datetime
    received_at: datetime | None
    request_id: str
    meaning: str
    step_before: str
    step_after: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message of ours; `name` is its wamid."""

    name: str
    kind: str
    audience: str
    status: str
    meaning: str
    written_at: datetime
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    error_code: int | None
    error: str
    attempts: int
    resends: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order with its way through the statuses; `placed` by this very event."""

    code: str
    status: str
    total: Decimal
    currency: str
    at: datetime
    problem: str
    placed: bool
    history: tuple[tuple[datetime, str, str], ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a file."""

    kind: str
    status: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known around one event of a shop."""

    tenant: str
    waiting: Waiting | None
    heard: Heard | None
    spoken: tuple[Spoken, ...] = ()
    orders: tuple[Ordered, ...] = ()
    files: tuple[Fetched, ...] = ()

    @property
    def request_id(self) -> str:
        """Return the name of the webhook that brought it, as logs and traces have it."""
        if self.heard and self.heard.request_id:
            return self.heard.request_id
        return self.waiting.request_id if self.waiting else ""

    @property
    def received_at(self) -> datetime | None:
        """Return when it was stored here, as far as that is known."""
        if self.heard and self.heard.received_at:
            return self.heard.received_at
        return self.waiting.received_at if self.waiting else None

    @property
    def began_at(self) -> datetime:
        """Return the moment from which offsets count."""
        return self.received_at or self.steps()[0].at

    @property
    def answered_at(self) -> datetime | None:
        """Return when Graph had accepted the answer to the customer."""
        answers = [s.accepted_at for s in self.spoken if s.audience == "customer" and s.accepted_at]
        return min(answers, default=None)

    def steps(self) -> list[Step]:
        """Return what happened, in the order of time; of one moment, cause before effect."""
        return sorted(self._steps(), key=lambda step: step.at)

    def _steps(self) -> Iterator[Step]:
        received_at = self.received_at
        if received_at is not None:
            kind = self.heard.kind if self.heard else self.waiting.kind if self.waiting else ""
            known = f"{kind}, event {self.waiting.id} of the inbox" if self.waiting else kind
            yield Step(received_at, "received", known)
        if self.heard is not None:
            yield from _handled(self.heard)
        for order in self.orders:
            if order.placed:
                # Its own time is the shop's clock; the turn that wrote it has the database's.
                yield from _ordered(order, self.heard.handled_at if self.heard else order.at)
        for message in self.spoken:
            yield from _spoken(message)
        for file in self.files:
            yield Step(file.at, "file", _joined(file.kind, file.status, file.reason))
        if self.waiting is not None:
            yield from _inbox(self.waiting)


def _handled(heard: Heard) -> Iterator[Step]:
    yield Step(heard.handled_at, "understood", _joined(heard.kind, heard.meaning))
    if heard.step_after:
        stays = heard.step_before == heard.step_after
        moved = f"stays at {heard.step_after}"
        yield Step(
            heard.handled_at,
            "state",
            moved if stays else f"{heard.step_before or 'new'} → {heard.step_after}",
        )


def _ordered(order: Ordered, at: datetime) -> Iterator[Step]:
    yield Step(at, "order", f"{order.code} · {order.total} {order.currency}")
    for changed_at, status, by in order.history[1:]:
        yield Step(changed_at, "order status", f"{order.code} · {status}, by {by}")
    if order.problem:
        last = order.history[-1][0] if len(order.history) > 1 else at
        yield Step(last, "order untold", f"{order.code} · {order.problem}")


def _spoken(message: Spoken) -> Iterator[Step]:
    to = f"to the {message.audience}"
    yield Step(message.written_at, "answer", _joined(to, message.kind, message.meaning))
    tries = f"{message.attempts} refused" if message.attempts else ""
    again = f"sent again {counted(message.resends, 'time')}" if message.resends else ""
    if message.accepted_at is not None:
        yield Step(message.accepted_at, "accepted", _joined(to, message.name, tries, again))
    # Meta tells whole seconds: what follows something is not shown before it.
    last = message.accepted_at or message.written_at
    for at, name in (
        (message.sent_at, "sent"),
        (message.delivered_at, "delivered"),
        (message.read_at, "read"),
    ):
        if at is not None:
            last = max(at, last)
            yield Step(last, name, to)
    if message.status in {"failed", "cancelled", "sending"}:
        code = f"code {message.error_code}" if message.error_code is not None else ""
        name = "not sent yet" if message.status == "sending" else message.status
        yield Step(last, name, _joined(to, code, message.error, tries, again))


def _inbox(waiting: Waiting) -> Iterator[Step]:
    tries = counted(waiting.attempts, "try", "tries") if waiting.attempts else ""
    match waiting.state:
        case "waiting":
            yield Step(waiting.due_at, "waits", _joined("due then", tries, waiting.last_error))
        case "unrouted":
            yield Step(waiting.received_at, "unrouted", f"no shop has the number {waiting.number}")
        case "failed":
            at = waiting.done_at or waiting.due_at
            yield Step(at, "set aside", _joined(tries, waiting.last_error))
        case _:
            yield Step(waiting.done_at or waiting.due_at, "settled")


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def durations(story: Story) -> dict[str, float]:
    """Return the milliseconds between the steps that matter, as far as they are known."""
    began, heard = story.received_at, story.heard
    points: Sequence[tuple[str, datetime | None]] = (
        ("received_to_handled_ms", heard.handled_at if heard else None),
        ("received_to_accepted_ms", story.answered_at),
    )
    if began is None:
        return {}
    return {
        name: round((at - began).total_seconds() * 1000, 1) for name, at in points if at is not None
    }
