"""How long to wait."""

from datetime import timedelta

import pytest

from wabot.domain.delivery import Reaction, retry_delay
from wabot.gateways.whatsapp.errors import REACTIONS, reaction_to, read_error


def seconds(reaction: Reaction, attempts: int) -> float | None:
    delay = retry_delay(reaction, attempts)
    return None if delay is None else delay.total_seconds()


def test_the_pair_limit_waits_four_times_as_long_each_time() -> None:
    waits = [seconds(Reaction.PAIR_LIMIT, attempt) for attempt in (1, 2, 3, 4)]

    assert waits == [1, 4, 16, 64]


def test_a_few_attempts_end() -> None:
    assert [seconds(Reaction.RETRY_FEW, attempt) for attempt in (1, 2, 3)] == [1, 2, None]


@pytest.mark.parametrize("reaction", [Reaction.BACKOFF, Reaction.LATER, Reaction.PAIR_LIMIT])
def test_growing_pauses_have_a_limit(reaction: Reaction) -> None:
    waits = [retry_delay(reaction, attempt) or timedelta() for attempt in range(1, 200)]

    assert waits == sorted(waits)
    assert waits[-1] <= timedelta(hours=1)


def test_metas_own_pause_only_ever_lengthens_ours() -> None:
    minute = timedelta(minutes=1)

    assert retry_delay(Reaction.BACKOFF, 1, minute) == minute
    assert retry_delay(Reaction.LATER, 1, minute) == timedelta(minutes=5)
    assert retry_delay(Reaction.GIVE_UP, 1, minute) is None


def test_every_reaction_is_reached_by_some_code() -> None:
    assert set(REACTIONS.values()) == set(Reaction)


def test_a_missing_permission_stops_the_tenant_whatever_its_number() -> None:
    assert {reaction_to(code) for code in range(200, 300)} == {Reaction.PAUSE_TENANT}


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"error": None}, {"error": "no"}, {"error": {"code": True}}]
)
def test_an_answer_without_an_error_is_none(answer: object) -> None:
    assert read_error(answer) is None


def test_a_code_in_quotes_counts() -> None:
    error = read_error({"error": {"code": "131026", "message": 7}})

    assert error is not None
    assert (error.code, error.message) == (131026, "")
