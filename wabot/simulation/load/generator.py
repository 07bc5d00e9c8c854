"""Customers who hold conversations with a running server, each waiting for the answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import aiohttp

from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.inbound_payloads import (
    SIGNATURE_HEADER,
    Person,
    encode,
    from_customer,
    sign,
)
from wabot.simulation.load.figures import Figures
from wabot.simulation.load.shopping import ends_in_order, next_move


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How much load: so many customers, at a rate (messages per second) or as fast as they can.

    `numbers` are the phone_number_ids of the shops; customers are spread over them evenly.
    """

    numbers: tuple[str, ...]
    customers: int
    seconds: float
    rate: float = 0.0
    patience: float = 15.0
    seed: int = 1


@dataclass(slots=True)
class _Customer:
    person: Person
    number: str
    chance: Random
    answer: SentMessage | None = None
    waiting: asyncio.Future[SentMessage] | None = None
    posted_at: float = field(default=0.0)


class LoadGenerator:
    """One run; `hear` is to be told of every message that the stand-in accepts."""

    def __init__(self, plan: LoadPlan, webhook_url: str, app_secret: str) -> None:
        self._plan = plan
        self._url = webhook_url
        self._secret = app_secret
        self._customers: dict[str, _Customer] = {}
        self.figures = Figures()

    def hear(self, message: SentMessage) -> None:
        """Pass an answer to its customer; one that nobody waits for is a second answer."""
        customer = self._customers.get(message.to)
        if customer is None:
            return
        if customer.waiting is None or customer.waiting.done():
            self.figures.doubled += 1
        else:
            customer.waiting.set_result(message)

    async def run(self, tick: Callable[[int], None] = lambda _: None) -> Figures:
        """Hold conversations for the planned time; `tick` is told of each answer."""
        plan = self._plan
        crowd = [self._customer(place) for place in range(plan.customers)]
        self._customers = {customer.person.wa_id: customer for customer in crowd}
        started = time.perf_counter()
        end = started + plan.seconds
        turns = _Turns(plan.rate, end)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(self._shop(session, c, turns, end, tick) for c in crowd))
        self.figures.seconds = time.perf_counter() - started
        return self.figures

    def _customer(self, place: int) -> _Customer:
        plan = self._plan
        return _Customer(
            Person(f"521551{place:07}", f"Cliente {place}"),
            plan.numbers[place % len(plan.numbers)],
            Random(plan.seed * 1_000_003 + place),  # noqa: S311 - repeatable, not secret
        )

    async def _shop(
        self,
        session: aiohttp.ClientSession,
        customer: _Customer,
        turns: "_Turns",
        end: float,
        tick: Callable[[int], None],
    ) -> None:
        while await turns.next() and time.perf_counter() < end:
            if not await self._say(session, customer):
                continue
            assert customer.waiting is not None
            try:
                async with asyncio.timeout(self._plan.patience):
                    customer.answer = await customer.waiting
            except TimeoutError:
                self.figures.lost += 1
                customer.answer = None
                continue
            self.figures.answered += 1
            self.figures.replies.append(time.perf_counter() - customer.posted_at)
            self.figures.orders += ends_in_order(customer.answer.body)
            tick(1)

    async def _say(self, session: aiohttp.ClientSession, customer: _Customer) -> bool:
        move = next_move(customer.answer.body if customer.answer else None, customer.chance)
        body = from_customer(customer.number, customer.person, move, timestamp=int(time.time()))
        raw = encode(body)
        headers = {SIGNATURE_HEADER: sign(raw, self._secret)}
        customer.waiting = asyncio.get_running_loop().create_future()
        customer.posted_at = time.perf_counter()
        try:
            async with session.post(self._url, data=raw, headers=headers) as response:
                taken = response.status == 200
        except aiohttp.ClientError:
            taken = False
        if not taken:
            self.figures.refused += 1
            await asyncio.sleep(0.1)
            return False
        self.figures.accepted += 1
        self.figures.acknowledgements.append(time.perf_counter() - customer.posted_at)
        return True


class _Turns:
    """Whose turn it is to speak: everybody's at once, or at an even rate."""

    def __init__(self, rate: float, end: float) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._end = end
        self._next = time.perf_counter()

    async def next(self) -> bool:
        now = time.perf_counter()
        if self._gap:
            self._next = max(self._next + self._gap, now - 1)
            wait = self._next - now
            if self._next >= self._end:
                return False
            await asyncio.sleep(max(wait, 0))
        return now < self._end
