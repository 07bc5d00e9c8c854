"""What every `wabot simulate load` shares: the request, the run, the comparison, the report."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from wabot.cli.output import Output
from wabot.errors import Finding
from wabot.simulation.graph import StatusLevel
from wabot.simulation.load.books import Scope, read_books, wait_until_settled
from wabot.simulation.load.deliveries import CAPRICIOUS, Caprices
from wabot.simulation.load.figures import Figures
from wabot.simulation.load.generator import LoadGenerator, LoadPlan
from wabot.simulation.load.mischief import Mischief
from wabot.simulation.load.verdict import compare

WRONG = ("lost", "doubled", "out_of_order")

_PATIENCE = 15.0
_PATIENCE_WITH_FAULTS = 40.0
_REST = 60.0
_REST_WITH_FAULTS = 180.0
_FINDINGS = 10
_OF_DATABASES = ("handled", "out_of_order", "second_sends", "out_of_reach", "unsettled")


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What the operator asked for; a rate of 0 means as fast as the customers can.

    `settings` are further ones for the serving processes.
    """

    tenants: int
    customers: int
    rate: float
    seconds: float
    servers: int
    workers: int
    statuses: str
    template: str
    concurrency: int = 0
    messages: int = 0
    seed: int = 1
    faults: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def plan(self, numbers: tuple[str, ...]) -> LoadPlan:
        """Return what the generator is to do."""
        return LoadPlan(
            numbers,
            self.customers,
            self.seconds,
            self.rate,
            patience=_PATIENCE_WITH_FAULTS if self.faults else _PATIENCE,
            seed=self.seed,
            messages=self.messages,
            caprices=CAPRICIOUS if self.faults else Caprices(),
            concurrency=self.concurrency,
        )

    @property
    def level(self) -> StatusLevel:
        """Return how far messages get; with faults outcomes are settled by at least one status."""
        level = StatusLevel(self.statuses)
        return StatusLevel.SENT if self.faults and level is StatusLevel.NONE else level

    @property
    def expected(self) -> int | None:
        """Return how many messages there will be, where that is known."""
        by_rate = int(self.rate * self.seconds)
        known = [number for number in (self.messages, by_rate) if number]
        return min(known) if known else None

    def chance(self) -> Random:
        """Return what the faults are drawn from."""
        return Random(self.seed)  # noqa: S311 - repeatable, not secret


async def run_generator(
    generator: LoadGenerator, harm: Mischief | None, request: LoadRequest, out: Output
) -> Figures:
    """Let the customers write, and things go wrong meanwhile."""
    with out.progress("Messages answered", request.expected) as advance:
        if harm is None:
            return await generator.run(advance)
        harming = asyncio.create_task(harm.run())
        try:
            return await generator.run(advance)
        finally:
            harming.cancel()
            with suppress(asyncio.CancelledError):
                await harming


def seen_from_outside(generator: LoadGenerator, out: Output) -> dict[str, Any]:
    """Return what customers saw, and None for what only databases tell.

    Whoever has no answer in the end counts as lost, and as doubled each message that came twice.
    """
    figures = generator.figures
    figures.lost = generator.unanswered
    figures.doubled += figures.repeated
    out.warn("Not looked at: the order of turns, orders and stock in the databases, second sends.")
    return figures.report() | dict.fromkeys(_OF_DATABASES)


async def compared(
    generator: LoadGenerator,
    owner_url: str,
    scope: Scope,
    request: LoadRequest,
    out: Output,
    *,
    alone: bool = True,
) -> dict[str, Any]:
    """Wait until the run has come to rest; return the figures with what the databases say."""
    out.note("Comparing with the databases…")
    rest = _REST_WITH_FAULTS if request.faults else _REST
    left = await asyncio.to_thread(wait_until_settled, owner_url, scope, rest)
    figures = generator.figures
    # Also those who had given up hope may have heard by now.
    figures.lost = generator.unanswered
    books = await asyncio.to_thread(read_books, owner_url, scope)
    verdict = compare(generator.ledger, books, alone=alone)
    for finding in verdict.findings[:_FINDINGS]:
        out.warn(finding)
    if verdict.out_of_reach:
        out.note(
            f"Notices to people of the shops that could not be sent: {verdict.out_of_reach}."
            " They did not write to the shop within 24 hours, and no template is set."
        )
    return figures.report() | {
        "orders": verdict.orders,
        "handled": verdict.handled,
        "lost": max(figures.lost, verdict.lost),
        "doubled": max(figures.doubled, verdict.doubled),
        "out_of_order": verdict.out_of_order,
        "second_sends": verdict.second_sends,
        "out_of_reach": verdict.out_of_reach,
        "unsettled": left,
    }


def problem_in(report: dict[str, Any]) -> Finding | None:
    """Return what is to be raised when anything was lost, done twice or out of order."""
    wrong = [f"{report[key]} {key.replace('_', ' ')}" for key in WRONG if report[key]]
    if not wrong:
        return None
    return Finding(
        f"Not everything was done once and in order: {', '.join(wrong)}",
        hint="Without faults, try fewer customers: a full machine answers too late.",
    )
