"""Compares what was posted and taken with what the databases say: nothing lost, twice or astray."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from wabot.domain import window
from wabot.domain.counted import counted
from wabot.simulation.load.books import Books, InRow, OutRow, ShopBooks
from wabot.simulation.load.ledger import Ledger

# A turn begins within seconds of taking its events; what came after that it could not know.
_TAKEN_BEFORE = timedelta(seconds=6)
_COMPARED_WITH = 20
_CUSTOMER = "customer"

Place = tuple[str, str]


@dataclass(slots=True)
class Verdict:
    """What is wrong; `second_sends` are those that the rule for unknown outcomes allows.

    `out_of_reach` are notices to people of the shop who may not be written to freely.
    """

    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    second_sends: int = 0
    out_of_reach: int = 0
    orders: int = 0
    handled: int = 0
    findings: list[str] = field(default_factory=list)

    def note(self, what: str, kind: str) -> None:
        """Count one fault and say what it is."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.findings.append(f"{kind}: {what}")


def compare(ledger: Ledger, books: Books, *, alone: bool = True) -> Verdict:
    """Judge a run that has come to rest; `alone` when nobody else used the server meanwhile."""
    verdict = Verdict()
    _judge_events(ledger, books, verdict)
    known: set[str] = set()
    for shop in books.shops:
        _judge_replies(shop, verdict)
        _judge_sends(shop, ledger, verdict)
        _judge_order_of_turns(shop, ledger, books, verdict)
        _judge_order_of_sends(shop, ledger, verdict)
        _judge_orders(shop, ledger, verdict)
        known.update(row.id for row in shop.outgoing)
    strange = ledger.taken.keys() - known if alone else ()
    for unknown in strange:
        verdict.note(f"Graph was sent {unknown or 'something without an id'}", "doubled")
    return verdict


def _judge_events(ledger: Ledger, books: Books, verdict: Verdict) -> None:
    handled = Counter(row.key for shop in books.shops for row in shop.inbound)
    for wamid, posted in ledger.posted.items():
        event = books.events.get(wamid)
        if event is None:
            if posted.acknowledged:
                verdict.note(f"{wamid} was acknowledged and is not in the inbox", "lost")
            continue
        if event.state != "done":
            verdict.note(f"{wamid} is {event.state}", "lost")
        elif not handled[wamid] and posted.number not in books.closed:
            verdict.note(f"{wamid} is done but was not handled", "lost")
        if handled[wamid] > 1:
            verdict.note(f"{wamid} was handled {counted(handled[wamid], 'time')}", "doubled")
        verdict.handled += handled[wamid] > 0


def _judge_replies(shop: ShopBooks, verdict: Verdict) -> None:
    """Every turn answers its customer; a single message gets a single answer."""
    asked = Counter((r.contact, r.turn) for r in shop.inbound)
    written = {(r.contact, r.turn) for r in shop.inbound if r.kind != "timer"}
    answers = Counter((r.contact, r.turn) for r in shop.outgoing if r.audience == _CUSTOMER)
    for turn, events in asked.items():
        if turn in written and not answers[turn]:
            verdict.note(f"{shop.number} did not answer {turn[0]} at {turn[1]}", "lost")
        elif answers[turn] > events:
            verdict.note(f"{shop.number} answered {turn[0]} twice at {turn[1]}", "doubled")


def _judge_sends(shop: ShopBooks, ledger: Ledger, verdict: Verdict) -> None:
    for row in shop.outgoing:
        if _is_out_of_reach(row):
            verdict.out_of_reach += 1
            continue
        times = len(ledger.taken.get(row.id, ()))
        if row.status in {"sending", "failed"} or (not times and row.status != "cancelled"):
            verdict.note(f"{row.id} is {row.status} and was taken {counted(times, 'time')}", "lost")
        if times > 1 + row.resends:
            verdict.note(f"Graph took {row.id} {counted(times, 'time')}", "doubled")
        verdict.second_sends += min(max(times - 1, 0), row.resends)
    last: dict[str, OutRow] = {r.contact: r for r in shop.outgoing if r.audience == _CUSTOMER}
    for row in last.values():
        if row.status == "cancelled":
            verdict.note(f"{row.id}, the last answer to {row.contact}, was cancelled", "lost")


def _is_out_of_reach(row: OutRow) -> bool:
    """Tell whether a notice rightly was not sent; a customer of the run has just written."""
    closed = row.status == "failed" and row.error == window.CLOSED
    return closed and row.audience != _CUSTOMER


def _judge_order_of_turns(shop: ShopBooks, ledger: Ledger, books: Books, verdict: Verdict) -> None:
    handled: defaultdict[str, list[InRow]] = defaultdict(list)
    for row in shop.inbound:
        if row.key in ledger.posted and row.key in books.events:
            earlier = handled[row.contact]
            if any(_overtook(e, row, ledger, books) for e in earlier[-_COMPARED_WITH:]):
                verdict.note(f"{row.key} was overtaken", "out_of_order")
            earlier.append(row)


def _overtook(first: InRow, second: InRow, ledger: Ledger, books: Books) -> bool:
    """Tell whether a message was handled first that should have come second.

    One that had not arrived when the other was taken could not be waited for.
    """
    one, other = ledger.posted[first.key], ledger.posted[second.key]
    ids = books.events[first.key].id, books.events[second.key].id
    if (one.timestamp, ids[0]) < (other.timestamp, ids[1]):
        return False
    if first.turn == second.turn or 0 < other.acknowledged < one.posted:
        return True
    return books.events[second.key].received_at + _TAKEN_BEFORE < first.turn


def _judge_order_of_sends(shop: ShopBooks, ledger: Ledger, verdict: Verdict) -> None:
    latest: dict[Place, int] = {}
    for row in shop.outgoing:
        taken = ledger.taken.get(row.id)
        if not taken:
            continue
        place = (row.contact, row.audience)
        if taken[0] < latest.get(place, 0):
            verdict.note(f"{row.id} was sent after what was to follow it", "out_of_order")
        latest[place] = max(latest.get(place, 0), taken[0])


def _judge_orders(shop: ShopBooks, ledger: Ledger, verdict: Verdict) -> None:
    orders = Counter(shop.orders)
    verdict.orders += len(shop.orders)
    for source, times in orders.items():
        if times > 1 or source not in ledger.posted:
            verdict.note(
                f"{counted(times, 'order was', 'orders were')} made by {source}", "doubled"
            )
    for wamid, posted in ledger.posted.items():
        yes = posted.confirms and posted.acknowledged and posted.number == shop.number
        if yes and not orders[wamid]:
            verdict.note(f"{wamid} confirmed an order that was not made", "lost")
    if shop.stock_gone:
        kind = "doubled" if shop.stock_gone > 0 else "lost"
        verdict.note(f"{shop.number} is short of {counted(shop.stock_gone, 'step')} of stock", kind)
