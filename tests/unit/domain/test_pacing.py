"""Whoever keeps these limits is never refused by Meta's, as the stand-in counts them."""

import random

import pytest

from wabot.domain.pacing import NumberPace, PairPace, Recent
from wabot.simulation.graph.rates import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("processes", [1, 2, 4, 8])
@pytest.mark.parametrize("throughput", [20, 80])
def test_a_burst_goes_out_as_fast_as_a_number_may_and_no_faster(
    throughput: int, processes: int
) -> None:
    clock = Clock()
    meta = Rates(pair_limit=False, throughput=throughput, timer=clock)
    paces = [NumberPace() for _ in range(processes)]
    rate, sent, began = throughput / processes, 0, clock.now
    while sent < 5 * throughput:
        for pace in paces:
            while pace.wait("1", rate, clock.now) == 0:
                pace.take("1", rate, clock.now)
                meta.check("1", f"person {sent}")
                sent += 1
        clock.now += 0.001
    assert clock.now - began < 5 / 0.45


def test_messages_that_arrive_bunched_up_are_still_within_the_limit() -> None:
    clock, dice = Clock(), random.Random(7)
    pace, meta = NumberPace(), Rates(pair_limit=False, throughput=80, timer=clock)
    leaving, departures = clock.now, []
    for _ in range(400):
        leaving += pace.wait("1", 80, leaving)
        pace.take("1", 80, leaving)
        departures.append(leaving)
    for arrival in sorted(left + dice.uniform(0, 0.1) for left in departures):
        clock.now = arrival
        meta.check("1", str(arrival))


def test_a_quiet_number_sends_at_once() -> None:
    pace = NumberPace()
    assert pace.wait("1", 0.3, 50.0) == 0
    pace.take("1", 0.3, 50.0)
    assert pace.wait("1", 0.3, 50.0) > 0
    assert pace.wait("2", 0.3, 50.0) == 0
    assert pace.wait("1", 0.3, 60.0) == 0


def test_a_number_that_meta_found_too_fast_is_left_alone_for_a_while() -> None:
    pace = NumberPace()
    pace.hold("1", 80, 51.0)
    assert pace.wait("1", 80, 50.0) == pytest.approx(1.0)
    assert pace.wait("1", 80, 51.0) == pytest.approx(0.0)


@pytest.mark.parametrize("count", [1, 2, 20, 45, 100])
def test_a_burst_to_one_user_is_paid_back(count: int) -> None:
    clock = Clock()
    meta = Rates(pair_limit=True, throughput=0, timer=clock)
    pace, waits = PairPace(), []
    for _ in range(count):
        waits.append(pace.wait("1", "ana", clock.now))
        clock.now += waits[-1]
        pace.take("1", "ana", clock.now)
        meta.check("1", "ana")
        clock.now += 0.01
    paid = [wait for wait in waits if wait]
    assert len(paid) == (count - 1) // 45
    assert all(45 * 6 - 1 < wait < 45 * 6 + 1 for wait in paid)


def test_people_who_write_at_any_time_are_never_refused() -> None:
    clock, dice = Clock(), random.Random(11)
    meta, pace = Rates(pair_limit=True, throughput=0, timer=clock), PairPace()
    for _ in range(2000):
        clock.now += dice.choice([0.2, 1, 3, 5.7, 6, 7, 20, 300]) * dice.random()
        clock.now += pace.wait("1", "ana", clock.now)
        pace.take("1", "ana", clock.now)
        meta.check("1", "ana")


def test_one_person_waits_for_no_other() -> None:
    pace = PairPace()
    for _ in range(45):
        pace.take("1", "ana", 10.0)
    assert pace.wait("1", "ana", 10.1) > 250
    assert pace.wait("1", "bea", 10.1) == 0
    assert pace.wait("2", "ana", 10.1) == 0


def test_what_meta_said_of_a_pair_is_believed() -> None:
    pace = PairPace()
    pace.hold("1", "ana", 14.0)
    assert pace.wait("1", "ana", 10.0) == pytest.approx(4.0)
    assert pace.wait("1", "ana", 14.0) == 0


def test_only_the_latest_are_remembered() -> None:
    recent: Recent[int, int] = Recent(3)
    for number in (1, 2, 3, 1, 4):
        recent.put(number, number)
    assert [recent.get(number) for number in (1, 2, 3, 4)] == [1, None, 3, 4]
    assert len(recent) == 3
