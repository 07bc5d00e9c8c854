"""What failed a few times in a row is spared for a while, then tried by one."""

from collections.abc import Hashable

import pytest

from wabot.errors import DatabaseUnavailable
from wabot.repositories.runtime.breakers import NOBODY, Breakers, Guarded

SHOP = Guarded("shop", "The database of lupita")


class Boom(Exception):
    pass


class Timer:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def breakers(timer: Timer) -> Breakers:
    return Breakers(timer=timer)


def attempt(breakers: Breakers, *guarded: Guarded, blame: Hashable = None) -> None:
    with breakers.guarding(*guarded) as verdict:
        if blame is not None:
            verdict.blame(blame)
            raise Boom


def fail(breakers: Breakers, times: int, guarded: Guarded = SHOP) -> None:
    for _ in range(times):
        with pytest.raises(Boom):
            attempt(breakers, guarded, blame=guarded.key)


def spared(breakers: Breakers, guarded: Guarded = SHOP) -> bool:
    try:
        attempt(breakers, guarded)
    except DatabaseUnavailable:
        return True
    return False


def test_after_three_failures_in_a_row_others_fail_at_once(breakers: Breakers) -> None:
    fail(breakers, 3)
    with pytest.raises(DatabaseUnavailable, match=r"lupita failed 3 times .* spared for 2 s"):
        attempt(breakers, SHOP)


def test_a_success_between_them_begins_the_count_anew(breakers: Breakers) -> None:
    fail(breakers, 2)
    attempt(breakers, SHOP)
    fail(breakers, 2)
    assert not spared(breakers)


def test_others_are_not_concerned(breakers: Breakers) -> None:
    fail(breakers, 3)
    assert not spared(breakers, Guarded("other", "The database of another"))


def test_after_the_pause_one_tries_while_others_still_fail(
    breakers: Breakers, timer: Timer
) -> None:
    fail(breakers, 3)
    timer.now += 2.1
    with breakers.guarding(SHOP):
        assert spared(breakers)
    assert not spared(breakers)


def test_a_probe_that_fails_doubles_the_pause_up_to_half_a_minute(
    breakers: Breakers, timer: Timer
) -> None:
    fail(breakers, 3)
    for pause in (2, 4, 8, 16, 30, 30):
        timer.now += pause - 0.1
        assert spared(breakers)
        timer.now += 0.2
        fail(breakers, 1)


def test_a_probe_that_ends_without_a_verdict_leaves_the_next_one_to_try(
    breakers: Breakers, timer: Timer
) -> None:
    fail(breakers, 3)
    timer.now += 2.1
    with pytest.raises(Boom):
        attempt(breakers, SHOP, blame=NOBODY)
    fail(breakers, 1)
    assert spared(breakers)


def test_a_probe_that_is_cancelled_leaves_the_next_one_to_try(
    breakers: Breakers, timer: Timer
) -> None:
    fail(breakers, 3)
    timer.now += 2.1
    with pytest.raises(KeyboardInterrupt), breakers.guarding(SHOP):
        raise KeyboardInterrupt
    fail(breakers, 1)
    assert spared(breakers)


def test_a_fault_of_the_message_counts_as_an_answer_of_the_database(breakers: Breakers) -> None:
    fail(breakers, 2)
    with pytest.raises(Boom), breakers.guarding(SHOP):
        raise Boom
    fail(breakers, 2)
    assert not spared(breakers)


def test_failures_under_way_when_it_was_first_spared_do_not_prolong_it(
    breakers: Breakers, timer: Timer
) -> None:
    with breakers.guarding(SHOP) as verdict:
        fail(breakers, 3)
        verdict.blame("shop")
    timer.now += 2.1
    assert not spared(breakers)


def server(database: str) -> Guarded:
    return Guarded("server", "The server", database, sources=2)


def test_a_server_is_spared_when_several_of_its_databases_fail(breakers: Breakers) -> None:
    fail(breakers, 5, server("one"))
    assert not spared(breakers, server("two"))
    fail(breakers, 2, server("one"))
    fail(breakers, 1, server("two"))
    assert spared(breakers, server("three"))


def test_refused_for_one_reason_nothing_else_is_held_back(breakers: Breakers, timer: Timer) -> None:
    fail(breakers, 3)
    other = Guarded("other", "Another")
    fail(breakers, 3, other)
    timer.now += 2.1
    fail(breakers, 1, other)
    # The shop could be tried, but not while the other is spared.
    with pytest.raises(DatabaseUnavailable):
        attempt(breakers, SHOP, other)
    assert not spared(breakers)
