"""The first message of a shop after a while goes alone."""

import asyncio
from uuid import uuid4

from wabot.services.runtime.scouting import Scouts


class Graph:
    """Counts how many messages were with it at once."""

    def __init__(self, scouts: Scouts, *, accepts: bool, takes: float = 0.02) -> None:
        self.scouts, self.accepts, self.takes = scouts, accepts, takes
        self.stopped = False
        self.tried = self.present = self.most = 0

    async def send(self, shop) -> None:
        async with self.scouts.behind(shop):
            if self.stopped:
                return
            self.tried += 1
            self.present += 1
            self.most = max(self.most, self.present)
            await asyncio.sleep(self.takes)
            self.present -= 1
            if self.accepts:
                self.scouts.accepted(shop)
            else:
                self.stopped = True


async def test_what_the_first_one_meets_costs_the_others_no_try() -> None:
    graph, shop = Graph(Scouts(), accepts=False), uuid4()
    await asyncio.gather(*(graph.send(shop) for _ in range(50)))
    assert graph.tried == 1


async def test_once_it_is_accepted_the_others_go_side_by_side() -> None:
    graph, shop = Graph(Scouts(), accepts=True), uuid4()
    await asyncio.gather(*(graph.send(shop) for _ in range(50)))
    assert (graph.tried, graph.most) == (50, 49)
    await asyncio.gather(*(graph.send(shop) for _ in range(50)))
    assert graph.most == 50


async def test_a_shop_waits_for_no_other() -> None:
    graph = Graph(Scouts(), accepts=True)
    await asyncio.gather(*(graph.send(uuid4()) for _ in range(20)))
    assert graph.most == 20


async def test_nobody_waits_long_for_a_graph_that_does_not_answer() -> None:
    scouts = Scouts(patience=0.05)
    graph, shop = Graph(scouts, accepts=True, takes=0.5), uuid4()
    await asyncio.wait_for(asyncio.gather(*(graph.send(shop) for _ in range(20))), 1.2)
    assert graph.most == 20


async def test_after_a_while_without_messages_the_first_goes_alone_again() -> None:
    now = [100.0]
    scouts, shop = Scouts(timer=lambda: now[0]), uuid4()
    await asyncio.gather(*(Graph(scouts, accepts=True).send(shop) for _ in range(3)))
    now[0] += 61
    graph = Graph(scouts, accepts=False)
    await asyncio.gather(*(graph.send(shop) for _ in range(20)))
    assert graph.tried == 1


async def test_nothing_is_kept_of_those_who_went() -> None:
    scouts = Scouts()
    graph = Graph(scouts, accepts=True)
    shop = uuid4()
    await asyncio.gather(*(graph.send(shop) for _ in range(5)), graph.send(uuid4()))
    assert scouts._out == {}


async def test_a_scout_that_is_cancelled_leaves_its_place() -> None:
    scouts, shop = Scouts(patience=30), uuid4()
    first = asyncio.create_task(Graph(scouts, accepts=True, takes=60).send(shop))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(Graph(scouts, accepts=True).send(shop), 1)
