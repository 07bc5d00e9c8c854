"""The comparison of a load with the databases finds what it is there to find."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wabot.domain import window
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.load.books import Books, EventRow, InRow, OutRow, ShopBooks
from wabot.simulation.load.ledger import Ledger, Posted
from wabot.simulation.load.verdict import compare

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOP, ANA = "106", "5215550000001"


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sent(sequence: int, row: str) -> SentMessage:
    return SentMessage(sequence, SHOP, f"wamid.out{sequence}", ANA, "", row, {})


def ledger(*rows: str) -> Ledger:
    """Three messages of Ana, one after the other; the last one confirms an order."""
    kept = Ledger()
    for place, name in enumerate(("a", "b", "c")):
        at = place * 10.0
        kept.post(Posted(name, SHOP, ANA, 1000 + place, at, at + 1, confirms=name == "c"))
    for sequence, row in enumerate(rows or ("ra", "rb", "rc"), 1):
        kept.take(sent(sequence, row))
    return kept


def answer(name: str, position: int, seconds: float) -> OutRow:
    return OutRow(name, ANA, "customer", position, "sent", 0, moment(seconds))


HEARD = (
    InRow("a", "text", ANA, 1, moment(1)),
    InRow("b", "text", ANA, 3, moment(11)),
    InRow("c", "interactive", ANA, 5, moment(21)),
)
SAID = (answer("ra", 2, 1), answer("rb", 4, 11), answer("rc", 6, 21))
RIGHT = ShopBooks(SHOP, HEARD, SAID, ("c",))
EVENTS = {
    name: EventRow(place, "done", moment(place * 10.0))
    for place, name in enumerate(("a", "b", "c"))
}


def judged(shop: ShopBooks, kept: Ledger | None = None, **events: EventRow) -> tuple[int, int, int]:
    verdict = compare(kept or ledger(), Books({**EVENTS, **events}, (shop,)))
    assert len(verdict.findings) == verdict.lost + verdict.doubled + verdict.out_of_order
    return verdict.lost, verdict.doubled, verdict.out_of_order


def test_a_run_in_which_all_went_right_has_no_findings() -> None:
    verdict = compare(ledger(), Books(EVENTS, (RIGHT,)))
    assert verdict.findings == []
    assert (verdict.orders, verdict.handled, verdict.second_sends) == (1, 3, 0)


@pytest.mark.parametrize(
    ("shop", "expected"),
    [
        pytest.param(replace(RIGHT, inbound=HEARD[1:]), (1, 0, 0), id="not handled"),
        pytest.param(replace(RIGHT, outgoing=SAID[1:]), (1, 1, 0), id="not answered"),
        pytest.param(replace(RIGHT, orders=()), (1, 0, 0), id="order missing"),
        pytest.param(replace(RIGHT, orders=("c", "c")), (0, 1, 0), id="order twice"),
        pytest.param(replace(RIGHT, orders=("c", "x")), (0, 1, 0), id="order from nowhere"),
        pytest.param(replace(RIGHT, stock_gone=2), (0, 1, 0), id="stock taken twice"),
        pytest.param(replace(RIGHT, stock_gone=-2), (1, 0, 0), id="stock not taken"),
        pytest.param(
            replace(RIGHT, outgoing=(*SAID[:2], replace(SAID[2], status="sending"))),
            (1, 0, 0),
            id="never settled",
        ),
        pytest.param(
            replace(RIGHT, outgoing=(*SAID[:2], replace(SAID[2], status="cancelled"))),
            (1, 0, 0),
            id="last answer cancelled",
        ),
        pytest.param(
            replace(RIGHT, outgoing=(*SAID, answer("rx", 7, 21))), (1, 1, 0), id="answered twice"
        ),
        pytest.param(
            replace(RIGHT, inbound=(HEARD[0], HEARD[2], HEARD[1])), (0, 0, 1), id="overtaken"
        ),
    ],
)
def test_what_the_shop_did_wrong_is_found(shop: ShopBooks, expected: tuple[int, int, int]) -> None:
    assert judged(shop) == expected


@pytest.mark.parametrize("state", ["waiting", "failed", "unrouted"])
def test_an_event_that_is_not_done_is_lost(state: str) -> None:
    assert judged(RIGHT, b=EventRow(1, state, moment(10))) == (1, 0, 0)


def test_an_acknowledged_message_that_nobody_stored_is_lost() -> None:
    kept = ledger()
    kept.post(Posted("d", SHOP, ANA, 1003, 30.0, 31.0))
    assert judged(RIGHT, kept) == (1, 0, 0)


def test_a_message_that_nobody_acknowledged_may_be_missing() -> None:
    kept = ledger()
    kept.post(Posted("d", SHOP, ANA, 1003, 30.0))
    assert judged(RIGHT, kept) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(("ra", "rb"), (1, 0, 0), id="never reached Graph"),
        pytest.param(("ra", "rb", "rc", "rc"), (0, 1, 0), id="sent twice"),
        pytest.param(("ra", "rb", "rc", ""), (0, 1, 0), id="sent without an id"),
        pytest.param(("rb", "ra", "rc"), (0, 0, 1), id="sent in another order"),
    ],
)
def test_what_graph_was_sent_wrongly_is_found(
    rows: tuple[str, ...], expected: tuple[int, int, int]
) -> None:
    assert judged(RIGHT, ledger(*rows)) == expected


def test_a_second_send_that_the_rule_made_is_counted_apart() -> None:
    shop = replace(RIGHT, outgoing=(*SAID[:2], replace(SAID[2], resends=1)))
    verdict = compare(ledger("ra", "rb", "rc", "rc"), Books(EVENTS, (shop,)))
    assert (verdict.doubled, verdict.second_sends) == (0, 1)


def test_a_notice_to_somebody_of_the_shop_who_is_out_of_reach_is_no_loss() -> None:
    unsent = replace(answer("rn", 7, 21), audience="owner", status="failed", error=window.CLOSED)
    verdict = compare(ledger(), Books(EVENTS, (replace(RIGHT, outgoing=(*SAID, unsent)),)))
    assert (verdict.out_of_reach, verdict.findings) == (1, [])


@pytest.mark.parametrize(
    "changes", [{"error": "Meta refused it"}, {"audience": "customer"}, {"status": "sending"}]
)
def test_any_other_notice_that_was_not_sent_is_lost(changes: dict[str, str]) -> None:
    unsent = replace(answer("rn", 7, 21), audience="owner", status="failed", error=window.CLOSED)
    shop = replace(RIGHT, outgoing=(*SAID[:2], replace(unsent, **changes), SAID[2]))
    assert judged(shop)[0] == 1


def test_one_answer_to_several_messages_of_a_turn_is_enough() -> None:
    together = (HEARD[0], replace(HEARD[1], turn=moment(1)), HEARD[2])
    shop = replace(RIGHT, inbound=together, outgoing=(SAID[0], SAID[2]))
    assert judged(shop, ledger("ra", "rc")) == (0, 0, 0)


def late(seconds: float) -> EventRow:
    return EventRow(9, "done", moment(seconds))


def test_a_message_that_arrived_after_its_follower_was_taken_could_not_be_waited_for() -> None:
    shop = replace(RIGHT, inbound=(HEARD[0], HEARD[2], HEARD[1]))
    kept = ledger()
    kept.posted["b"].acknowledged = 30.0
    assert judged(shop, kept, b=late(20.0)) == (0, 0, 0)
    assert judged(shop, kept, b=late(10.0)) == (0, 0, 1)
