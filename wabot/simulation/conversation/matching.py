"""Compares the bot's messages with what a script expects, and writes both as `.chat` lines."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from wabot.simulation.conversation.observed import CUSTOMER, BotMessage
from wabot.simulation.conversation.script import Block, Expected, Script

_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was expected and what came, as lines; both are the same when all is well."""

    expected: tuple[str, ...]
    actual: tuple[str, ...]
    unmatched: tuple[BotMessage, ...] = ()

    @property
    def matches(self) -> bool:
        """Tell whether everything came as expected and nothing else did."""
        return self.expected == self.actual


def compare(
    script: Script, block: Block, messages: Sequence[BotMessage], contact: str
) -> Comparison:
    """Pair messages with expectations, in order for each audience."""
    waiting: dict[str, list[BotMessage]] = defaultdict(list)
    for message in messages:
        waiting[address(message, contact)].append(message)
    written, actual, unmatched = [], [], []
    for expected in block.expected:
        lines = [script.written(line) for line in expected.lines]
        written += lines
        queue = waiting[expected.audience]
        if not queue:
            continue
        message = queue.pop(0)
        if _is_meant(expected, message):
            actual += lines
        else:
            actual += write_message(message, contact)
            unmatched.append(message)
    for message in messages:
        if message in waiting[address(message, contact)]:
            actual += write_message(message, contact)
            unmatched.append(message)
    return Comparison(tuple(written), tuple(actual), tuple(unmatched))


def address(message: BotMessage, contact: str) -> str:
    """Return the audience as expectations write it."""
    if message.audience == CUSTOMER and message.contact != contact:
        return message.contact
    return message.audience


def write_message(message: BotMessage, contact: str) -> list[str]:
    """Write a message as the expectation that it meets."""
    audience = address(message, contact)
    named = " ".join(message.keys) or f'"{_first_line(message.text)}"'
    lines = [f"<{'' if audience == CUSTOMER else audience} {named}"]
    return lines + write_options(message.titles)


def write_options(titles: Sequence[str]) -> list[str]:
    """Write options on lines of a readable length."""
    lines: list[str] = []
    for title in titles:
        shown = f"[{title}]"
        if lines and len(lines[-1]) + len(shown) < _WIDTH:
            lines[-1] += f" {shown}"
        else:
            lines.append(shown)
    return lines


def _is_meant(expected: Expected, message: BotMessage) -> bool:
    if not set(expected.keys) <= set(message.keys):
        return False
    if any(part not in message.text for part in expected.parts):
        return False
    return expected.options is None or expected.options == message.titles


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line.replace("\\", "\\\\").replace('"', '\\"')
