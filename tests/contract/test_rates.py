"""Meta's limits of speed, when they are switched on."""

import pytest

from wabot.simulation.graph.rates import Rates
from wabot.simulation.graph.refusals import Refusal


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sent(rates: Rates, count: int, to: str = "ana", number: str = "1") -> int:
    """Return how many of so many messages pass."""
    passed = 0
    for _ in range(count):
        try:
            rates.check(number, to)
        except Refusal:
            continue
        passed += 1
    return passed


def test_a_burst_to_one_user_is_borrowed_from_the_time_after_it() -> None:
    clock = Clock()
    rates = Rates(pair_limit=True, throughput=0, timer=clock)

    assert sent(rates, 20) == 20
    clock.now += 119
    assert sent(rates, 1) == 0
    clock.now += 1
    assert sent(rates, 1) == 1


def test_a_burst_to_one_user_has_an_end() -> None:
    rates = Rates(pair_limit=True, throughput=0, timer=Clock())

    assert sent(rates, 100) == 45
    assert sent(rates, 1, to="bea") == 1
    assert sent(rates, 1, number="2") == 1


def test_one_message_every_six_seconds_always_passes() -> None:
    clock = Clock()
    rates = Rates(pair_limit=True, throughput=0, timer=clock)
    for _ in range(200):
        assert sent(rates, 1) == 1
        clock.now += 6


def test_a_number_has_a_throughput() -> None:
    clock = Clock()
    rates = Rates(pair_limit=False, throughput=80, timer=clock)

    assert sum(sent(rates, 1, to=str(n)) for n in range(200)) == 80
    clock.now += 1
    assert sent(rates, 200) == 80


@pytest.mark.parametrize(
    ("pair_limit", "throughput", "code"), [(True, 0, 131056), (False, 1, 130429)]
)
def test_each_limit_has_its_code(pair_limit: bool, throughput: int, code: int) -> None:
    rates = Rates(pair_limit=pair_limit, throughput=throughput, timer=Clock())
    sent(rates, 45)

    with pytest.raises(Refusal) as refused:
        rates.check("1", "ana")

    assert refused.value.code == code


def test_switched_off_nothing_is_limited() -> None:
    assert sent(Rates(pair_limit=False, throughput=0, timer=Clock()), 1000) == 1000
