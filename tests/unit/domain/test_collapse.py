"""After a stop of sending: what is still worth saying."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from wabot.domain.collapse import STALE_AFTER, Unsent, superseded

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def unsent(number: int, minutes: float, *, essential: bool = False) -> Unsent:
    return Unsent(UUID(int=number), NOW - timedelta(minutes=minutes), essential)


def kept(*messages: Unsent) -> list[int]:
    gone = superseded(messages, NOW)
    return [message.id.int for message in messages if message.id not in gone]


def test_of_stale_answers_the_newest_goes() -> None:
    assert kept(unsent(1, 90), unsent(2, 60), unsent(3, 30)) == [3]


def test_what_is_not_stale_goes() -> None:
    assert kept(unsent(1, 90), unsent(2, 9), unsent(3, 1)) == [2, 3]
    assert kept(unsent(1, 9), unsent(2, 8)) == [1, 2]


def test_what_happened_is_told_however_late() -> None:
    assert kept(unsent(1, 90), unsent(2, 80, essential=True), unsent(3, 70)) == [2, 3]
    assert kept(unsent(1, 90), unsent(2, 80, essential=True)) == [2]


def test_a_single_answer_goes_however_late() -> None:
    assert kept(unsent(1, 3000)) == [1]
    assert kept() == []


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=30))
def test_something_is_always_said_and_nothing_essential_or_recent_is_lost(
    made: list[tuple[int, bool]],
) -> None:
    messages = [unsent(n, m, essential=e) for n, (m, e) in enumerate(made)]
    left = kept(*messages)
    assert bool(left) == bool(messages)
    for message in messages:
        if message.essential or NOW - message.made_at <= STALE_AFTER:
            assert message.id.int in left
