"""What goes wrong meanwhile: processes, the database and Graph, at moments drawn from a seed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from wabot.simulation.graph import StandInGraph
from wabot.simulation.graph.faults import Fault

Act = Callable[[], Awaitable[bool]]

# Longer than the server waits for Graph's answer.
_TOO_LONG = 16.0
_PAUSES = (0.2, 1.2)


@dataclass(slots=True)
class Mischief:
    """Does harm until it is cancelled, then undoes what lasts; `done` counts the acts.

    `more` are acts on the processes and the database, by name, with their weights; one returns
    False when there was nothing to do harm to.
    """

    graph: StandInGraph
    chance: Random
    more: dict[str, tuple[float, Act]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Go on until cancelled."""
        acts = {**self._on_graph(), **self.more}
        names = list(acts)
        weights = [acts[name][0] for name in names]
        releases: set[asyncio.Task[None]] = set()
        act: asyncio.Future[bool] | None = None
        try:
            # Once each, however short the run; then as the weights say.
            first = self.chance.sample(names, len(names))
            while True:
                name = first.pop() if first else self.chance.choices(names, weights)[0]
                if name == "statuses held":
                    releases.add(asyncio.create_task(self._hold_statuses()))
                    self.done[name] += 1
                else:
                    act = asyncio.ensure_future(acts[name][1]())
                    self.done[name] += await asyncio.shield(act)
                    act = None
                await asyncio.sleep(self.chance.uniform(*_PAUSES))
        finally:
            if act is not None:
                # A server that is down must come up again.
                self.done[name] += await act
            for task in releases:
                task.cancel()
            await asyncio.gather(*releases, return_exceptions=True)
            self.graph.heal()
            self.graph.statuses.release()

    def _on_graph(self) -> dict[str, tuple[float, Act]]:
        draw = self.chance.randint

        def fault(make: Callable[[], Fault]) -> Act:
            async def act() -> bool:
                self.graph.fail(make())
                return True

            return act

        return {
            "graph: 500": (2, fault(lambda: Fault(http=500, count=draw(1, 4)))),
            "graph: 429": (2, fault(lambda: Fault(http=429, count=draw(1, 4), retry_after=1))),
            "graph: 130429": (2, fault(lambda: Fault(code=130429, count=draw(1, 4)))),
            "graph: taken, answered too late": (1, fault(lambda: Fault(delay=_TOO_LONG))),
            "graph: taken, connection reset": (
                3,
                fault(lambda: Fault(drop_after_accept=True, count=draw(1, 4))),
            ),
            "graph: connection reset": (2, fault(lambda: Fault(drop=True, count=draw(1, 3)))),
            "graph: nonsense": (1, fault(lambda: Fault(garbage=True))),
            "statuses held": (2, _nothing),
        }

    async def _hold_statuses(self) -> None:
        self.graph.statuses.hold()
        await asyncio.sleep(self.chance.choice((0.5, 2.0, 5.0)))
        self.graph.statuses.release()


async def _nothing() -> bool:
    return True
