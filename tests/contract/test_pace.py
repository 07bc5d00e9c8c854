"""Messages at their pace, through the real client, to a Graph that refuses who is too fast."""

import heapq
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from wabot.domain.delivery import Accepted, Rejected, retry_delay
from wabot.domain.message import Recipient, TextMessage
from wabot.domain.pacing import NumberPace
from wabot.domain.tenant import Isolation, Placement, Tenant
from wabot.gateways.whatsapp import GraphClient
from wabot.services.runtime.pace import Pace
from wabot.simulation.graph import Fault, GraphConfig, StandInGraph

NUMBER = "106500000000001"
ANA = Recipient("5215550100001")
PLACE = Placement(Isolation.SCHEMA, "t", "t")


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def graph(clock: Clock) -> AsyncIterator[StandInGraph]:
    config = GraphConfig(pair_limit=True, throughput=80, timer=clock)
    async with StandInGraph(config) as running:
        yield running


def shop(throughput: int = 80) -> Tenant:
    return Tenant(UUID(int=1), "t", "T", NUMBER, "basico", PLACE, "EAA", throughput=throughput)


class Sending:
    """Takes messages as they fall due, and puts off those that are to wait."""

    def __init__(self, clock: Clock, graph: StandInGraph, *, paces: int = 1) -> None:
        self.clock, self.graph = clock, graph
        self.paces = [Pace(processes=paces, timer=clock, sleep=clock.sleep) for _ in range(paces)]
        self.put_off = 0
        self.refused: Counter[int] = Counter()

    async def run(self, recipients: list[Recipient], throughput: int = 80) -> float:
        """Send one message to each; return how long it took."""
        began, tenant = self.clock.now, shop(throughput)
        due = [(began, place, person) for place, person in enumerate(recipients)]
        async with GraphClient(self.graph.url, "v26.0", timeout=5) as client:
            while due:
                at, place, person = heapq.heappop(due)
                self.clock.now = max(self.clock.now, at)
                pace = self.paces[place % len(self.paces)]
                wait = await pace.turn(tenant, person)
                if wait is not None:
                    self.put_off += 1
                    heapq.heappush(due, (self.clock.now + wait.total_seconds(), place, person))
                    continue
                outcome = await client.send(NUMBER, "EAA", person, TextMessage("hola"), "")
                if isinstance(outcome, Rejected):
                    self.refused[place] += 1
                    again = retry_delay(outcome.reaction, self.refused[place], outcome.retry_after)
                    assert again is not None
                    pace.refused(tenant, person, outcome, again)
                    heapq.heappush(due, (self.clock.now + again.total_seconds(), place, person))
                else:
                    assert isinstance(outcome, Accepted), outcome
        return self.clock.now - began


def people(count: int) -> list[Recipient]:
    return [Recipient(f"521555{n:07}") for n in range(count)]


@pytest.mark.parametrize("paces", [1, 2])
async def test_a_burst_of_a_shop_is_never_refused_and_hardly_slower_than_allowed(
    clock: Clock, graph: StandInGraph, paces: int
) -> None:
    took = await Sending(clock, graph, paces=paces).run(people(300))
    assert graph.journal.refusals == ()
    assert 300 / 80 < took < 300 / 55


async def test_a_number_beside_the_business_app_goes_slower(
    clock: Clock, graph: StandInGraph
) -> None:
    took = await Sending(clock, graph).run(people(60), throughput=20)
    assert 60 / 20 < took < 60 / 14


async def test_a_burst_to_one_person_is_never_refused(clock: Clock, graph: StandInGraph) -> None:
    sending = Sending(clock, graph)
    took = await sending.run([ANA] * 50)
    assert graph.journal.refusals == ()
    assert 45 * 6 < took < 46 * 6
    # Each is put off once: whoever waits for a person takes nobody's place meanwhile.
    assert sending.put_off <= 10


async def test_the_owner_of_a_busy_shop_is_told_by_many_processes_and_misses_nothing(
    clock: Clock, graph: StandInGraph
) -> None:
    sending = Sending(clock, graph, paces=4)
    took = await sending.run([ANA] * 60)
    assert len(graph.messages) == 60
    # Each learns of the others by its first refusal. Without that: 21 of them, and 11 minutes.
    assert sum(sending.refused.values()) <= 10
    assert took < 450


async def test_a_number_that_has_less_than_was_thought_is_found_out(
    clock: Clock, graph: StandInGraph
) -> None:
    slower = GraphConfig(throughput=20, timer=clock)
    async with StandInGraph(slower) as beside_the_app:
        sending = Sending(clock, beside_the_app)
        took = await sending.run(people(400))
    assert len(beside_the_app.messages) == 400
    assert sum(sending.refused.values()) <= 20
    assert took < 400 / 20 * 3


def test_what_was_slowed_recovers() -> None:
    pace = NumberPace()
    assert (pace.share(NUMBER, 0), pace.slow(NUMBER, 0)) == (1, 0.5)
    # The rest of a burst that was under way tells nothing new.
    assert pace.slow(NUMBER, 1) is None
    assert pace.slow(NUMBER, 6) == pytest.approx(0.25, rel=0.02)
    assert pace.share(NUMBER, 606) == pytest.approx(0.5, rel=0.02)
    assert pace.share(NUMBER, 5000) == 1


async def test_one_person_is_one_in_every_spelling(clock: Clock) -> None:
    pace = Pace(timer=clock, sleep=clock.sleep)
    for _ in range(45):
        assert await pace.turn(shop(), ANA) is None
    assert await pace.turn(shop(), Recipient("525550100001")) is not None


async def test_what_meta_finds_too_fast_slows_the_whole_number(
    clock: Clock, graph: StandInGraph
) -> None:
    """Another process, or the shop's own people, may use up the number's share."""
    pace, tenant = Pace(timer=clock, sleep=clock.sleep), shop()
    graph.fail(Fault(code=130429, retry_after=7))
    async with GraphClient(graph.url, "v26.0", timeout=5) as client:
        refusal = await client.send(NUMBER, "EAA", ANA, TextMessage("hola"), "")
    assert isinstance(refusal, Rejected)
    delay = retry_delay(refusal.reaction, 1, refusal.retry_after)
    assert delay == timedelta(seconds=7)
    pace.refused(tenant, ANA, refusal, delay)
    waits = [await pace.turn(tenant, person) for person in people(3)]
    assert waits == sorted(filter(None, waits))
    assert waits[0] == timedelta(seconds=7)
    assert len(set(waits)) == 3


async def test_what_meta_finds_too_much_for_one_person_concerns_nobody_else(
    clock: Clock, graph: StandInGraph
) -> None:
    pace, tenant = Pace(timer=clock, sleep=clock.sleep), shop()
    graph.fail(Fault(code=131056))
    async with GraphClient(graph.url, "v26.0", timeout=5) as client:
        refusal = await client.send(NUMBER, "EAA", ANA, TextMessage("hola"), "")
    assert isinstance(refusal, Rejected)
    pace.refused(tenant, ANA, refusal, timedelta(seconds=4))
    assert await pace.turn(tenant, ANA) == timedelta(seconds=4)
    assert await pace.turn(tenant, people(1)[0]) is None


async def test_without_limits_nothing_waits(clock: Clock) -> None:
    pace = Pace(limits=False, timer=clock, sleep=clock.sleep)
    assert {await pace.turn(shop(1), ANA) for _ in range(200)} == {None}
    assert clock.now == 1000.0
