"""Customers who hold conversations with a running server, each waiting for the answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

import aiohttp

from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.inbound_payloads import Person, from_customer, new_wamid, text
from wabot.simulation.load.deliveries import Caprices, Deliveries
from wabot.simulation.load.figures import Figures
from wabot.simulation.load.ledger import Ledger, Posted
from wabot.simulation.load.shopping import Content, confirms, ends_in_order, next_move

_WEBHOOK_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How much load: so many customers, at a rate (messages per second) or as fast as they can.

    `numbers` are the phone_number_ids of the shops; customers are spread over them evenly. With
    `messages` the run ends after so many, if the seconds do not end first. A customer who waits
    longer than `patience` seconds writes again; so long does the run wait for the last answers.
    `concurrency` bounds how many of them wait for an answer at the same time.
    """

    numbers: tuple[str, ...]
    customers: int
    seconds: float
    rate: float = 0.0
    patience: float = 15.0
    seed: int = 1
    messages: int = 0
    caprices: Caprices = field(default_factory=Caprices)
    concurrency: int = 0


@dataclass(slots=True)
class _Customer:
    person: Person
    number: str
    chance: Random
    answer: SentMessage | None = None
    waiting: asyncio.Future[SentMessage] | None = None
    written: int = 0
    answers: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class LoadGenerator:
    """One run over the webhooks of servers that share a database, each in turn.

    `hear` is to be told of every message that the stand-in accepts.
    """

    def __init__(self, plan: LoadPlan, app_secret: str, *webhooks: str) -> None:
        self._plan = plan
        self._webhooks = webhooks
        self._secret = app_secret
        self._customers: dict[tuple[str, str], _Customer] = {}
        self._places = asyncio.Semaphore(plan.concurrency or plan.customers)
        self.figures = Figures()
        self.ledger = Ledger()

    def hear(self, message: SentMessage) -> None:
        """Pass an answer to its customer; more answers than they wrote messages are too many."""
        first = self.ledger.take(message)
        customer = self._customers.get((message.phone_number_id, message.to))
        if customer is None:
            return
        if not first:
            self.figures.repeated += 1
            return
        if customer.answers >= customer.written:
            self.figures.doubled += 1
        customer.answers += 1
        customer.heard.set()
        if customer.waiting is not None and not customer.waiting.done():
            customer.waiting.set_result(message)

    async def run(self, tick: Callable[[int], None] = lambda _: None) -> Figures:
        """Hold conversations for the planned time; `tick` is told of each answer."""
        plan = self._plan
        crowd = [self._customer(place) for place in range(plan.customers)]
        self._customers = {(c.number, c.person.wa_id): c for c in crowd}
        started = time.perf_counter()
        turns = _Turns(plan.rate, started + plan.seconds, plan.messages)
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=_WEBHOOK_PATIENCE)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            deliveries = Deliveries(
                session,
                cycle(self._webhooks),
                self._secret,
                self.figures,
                Random(plan.seed),  # noqa: S311 - repeatable, not secret
                plan.caprices,
                plan.patience,
            )
            await asyncio.gather(*(self._shop(deliveries, c, turns, tick) for c in crowd))
            self.figures.seconds = time.perf_counter() - started
            await deliveries.finish()
        await self._last_answers()
        return self.figures

    async def _last_answers(self) -> None:
        """Give those who had no answer since their last message as much time again."""
        left = [c for c in self._customers.values() if c.written and not c.heard.is_set()]
        waits = [asyncio.create_task(customer.heard.wait()) for customer in left]
        if waits:
            _, pending = await asyncio.wait(waits, timeout=self._plan.patience)
            for task in pending:
                task.cancel()
        self.figures.lost = self.unanswered

    @property
    def contacts(self) -> tuple[str, ...]:
        """Return the numbers of all customers who wrote."""
        return tuple({posted.contact for posted in self.ledger.posted.values()})

    @property
    def unanswered(self) -> int:
        """Return how many customers had no answer since their last message."""
        return sum(c.written > 0 and not c.heard.is_set() for c in self._customers.values())

    def _customer(self, place: int) -> _Customer:
        plan = self._plan
        return _Customer(
            Person(f"521551{place:07}", f"Cliente {place}"),
            plan.numbers[place % len(plan.numbers)],
            Random(plan.seed * 1_000_003 + place),  # noqa: S311 - repeatable, not secret
        )

    async def _shop(
        self,
        deliveries: Deliveries,
        customer: _Customer,
        turns: "_Turns",
        tick: Callable[[int], None],
    ) -> None:
        going_on = True
        while going_on:
            async with self._places:
                going_on = await turns.next()
                if going_on:
                    customer.answer = await self._converse(deliveries, customer)
                    tick(customer.answer is not None)

    async def _converse(self, deliveries: Deliveries, customer: _Customer) -> SentMessage | None:
        """Write the next message and wait for its answer; None when it does not come in time."""
        customer.waiting = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        if not await self._say(deliveries, customer):
            return None
        try:
            async with asyncio.timeout(self._plan.patience):
                answer = await customer.waiting
        except TimeoutError:
            self.figures.late += 1
            return None
        self.figures.answered += 1
        self.figures.replies.append(time.perf_counter() - started)
        self.figures.orders += ends_in_order(answer.body)
        return answer

    async def _say(self, deliveries: Deliveries, customer: _Customer) -> bool:
        """Write the next message; tell whether it was taken."""
        body = customer.answer.body if customer.answer else None
        now = int(time.time())
        caprices = self._plan.caprices
        if body is None and customer.chance.random() < caprices.out_of_order:
            # Written one after the other, delivered at once and the other way round.
            pair = [(text("hola"), now - 1), (text("menu"), now)]
            bodies = [self._write(customer, content, stamp) for content, stamp in pair]
            taken = [self._deliver(deliveries, *entry) for entry in reversed(bodies)]
            return all(await asyncio.gather(*taken))
        entry = self._write(customer, next_move(body, customer.chance), now)
        return await self._deliver(deliveries, *entry)

    def _write(
        self, customer: _Customer, content: Content, timestamp: int
    ) -> tuple[Posted, Content, _Customer]:
        posted = Posted(
            new_wamid(),
            customer.number,
            customer.person.wa_id,
            timestamp,
            time.perf_counter(),
            confirms=confirms(content) and customer.answers == customer.written,
        )
        self.ledger.post(posted)
        customer.written += 1
        customer.heard.clear()
        return posted, content, customer

    async def _deliver(
        self, deliveries: Deliveries, posted: Posted, content: Content, customer: _Customer
    ) -> bool:
        body = from_customer(
            customer.number,
            customer.person,
            content,
            timestamp=posted.timestamp,
            wamid=posted.wamid,
        )
        if not await deliveries.deliver(body):
            return False
        posted.acknowledged = time.perf_counter()
        self.figures.accepted += 1
        return True


class _Turns:
    """Whose turn it is to speak: everybody's at once, or at an even rate, until time or count."""

    def __init__(self, rate: float, end: float, messages: int) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._end = end
        self._left = messages or -1
        self._next = time.perf_counter()

    async def next(self) -> bool:
        now = time.perf_counter()
        if self._left == 0 or now >= self._end:
            return False
        self._left -= 1
        if self._gap:
            self._next = max(self._next + self._gap, now - 1)
            wait = self._next - now
            if self._next >= self._end:
                return False
            await asyncio.sleep(max(wait, 0))
        return True
