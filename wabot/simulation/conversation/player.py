"""Plays a script on a stage and tells where they part."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from wabot.errors import Finding
from wabot.simulation.conversation.acting import act
from wabot.simulation.conversation.clock import ShiftableClock
from wabot.simulation.conversation.facts import observe, write_fact
from wabot.simulation.conversation.matching import compare
from wabot.simulation.conversation.observed import BotMessage
from wabot.simulation.conversation.script import Block, Fact, Script
from wabot.simulation.conversation.stage import Stage
from wabot.simulation.conversation.webhooks import NotOffered

# A Monday morning: every script begins then unless it says otherwise.
_FIRST_MOMENT = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - the shop's zone is added


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where the conversation went another way: expectations of one block against what came."""

    line: int
    act: str
    expected: tuple[str, ...]
    actual: tuple[str, ...]
    messages: tuple[BotMessage, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Lines of a script (their numbers) and what is to stand in their place."""

    after: int
    lines: tuple[int, ...]
    replacement: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """How a script went; `states` are the places that the conversations reached."""

    script: Script
    mismatches: list[Mismatch] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    states: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    @property
    def passed(self) -> bool:
        """Tell whether everything came as written."""
        return not self.mismatches


def first_clock(time_zone: str) -> ShiftableClock:
    """Return the clock with which every script begins: it stands until it is moved."""
    return ShiftableClock(_FIRST_MOMENT.replace(tzinfo=ZoneInfo(time_zone)))


async def play(script: Script, stage: Stage, *, update: bool = False) -> Outcome:
    """Play a script; it ends at the first mismatch, unless what is expected is to be rewritten."""
    outcome = Outcome(script)
    for block in script.blocks:
        mismatch = await _play(block, script, stage, outcome)
        step = await stage.database.last_step(stage.customer.contact)
        outcome.states |= {step} - {""}
        outcome.texts |= stage.hearing.keys
        if mismatch is not None:
            outcome.mismatches.append(mismatch)
            if not update or mismatch.reason:
                break
    return outcome


async def _play(block: Block, script: Script, stage: Stage, outcome: Outcome) -> Mismatch | None:
    said = script.written(block.line)
    try:
        messages = await act(stage, block.action)
    except (NotOffered, LookupError, Finding) as error:
        reason = error.message if isinstance(error, Finding) else str(error.args[0])
        return Mismatch(block.line, said, (), (), reason=reason)
    found = compare(script, block, messages, stage.customer.contact)
    facts = [(fact, await _as_observed(fact, script, stage)) for fact in block.facts]
    if found.matches and all(script.written(fact.line) == line for fact, line in facts):
        return None
    expected = (*found.expected, *(script.written(fact.line) for fact in block.facts))
    actual = (*found.actual, *(line for _, line in facts))
    outcome.rewrites += _rewrites(block, script, found.actual, facts)
    return Mismatch(block.line, said, expected, actual, found.unmatched)


async def _as_observed(fact: Fact, script: Script, stage: Stage) -> str:
    """Return the fact's line, as written when it holds and with what is true when it does not."""
    book = _BookOf(stage)
    observed = await observe(fact, book)
    return (
        script.written(fact.line) if observed == fact.wanted else write_fact(fact.subject, observed)
    )


@dataclass(frozen=True, slots=True)
class _BookOf:
    """What the database says of the stage's current customer."""

    stage: Stage

    async def facts(self, subject: str, keys: tuple[str, ...]) -> dict[str, str]:
        return await self.stage.database.facts(self.stage.customer.contact, subject, keys)


def _rewrites(
    block: Block, script: Script, actual: Sequence[str], facts: Sequence[tuple[Fact, str]]
) -> list[Rewrite]:
    lines = tuple(line for expected in block.expected for line in expected.lines)
    rewrites = []
    if tuple(script.written(line) for line in lines) != tuple(actual):
        rewrites.append(Rewrite(block.line, lines, tuple(actual)))
    for fact, line in facts:
        if script.written(fact.line) != line:
            rewrites.append(Rewrite(fact.line, (fact.line,), (line,)))
    return rewrites
