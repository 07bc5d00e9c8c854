"""What a played script tells: the difference, the rewritten file, what nobody reached."""

from collections.abc import Iterable, Mapping
from difflib import unified_diff

from wabot.domain.conversation.codec import STEP_NAMES
from wabot.simulation.conversation.player import Mismatch, Outcome


def explain(outcome: Outcome) -> str:
    """Return the mismatches of a script for people: what was expected, what came, what was said."""
    return "\n\n".join(_explain(outcome.script.name, found) for found in outcome.mismatches)


def rewritten(outcome: Outcome) -> str:
    """Return the script with its expectations as they came true; comments stay."""
    lines: dict[int, list[str]] = {
        number: [line] for number, line in enumerate(outcome.script.source, 1)
    }
    for rewrite in outcome.rewrites:
        place = rewrite.lines[0] if rewrite.lines else rewrite.after
        kept = [] if rewrite.lines else lines[place]
        for number in rewrite.lines:
            lines[number] = []
        lines[place] = [*kept, *rewrite.replacement]
    return "".join(f"{line}\n" for number in sorted(lines) for line in lines[number])


def difference(name: str, before: str, after: str) -> str:
    """Return a unified diff of two versions of a file."""
    return "".join(
        unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), name, f"{name} (new)"
        )
    )


def unreached(outcomes: Iterable[Outcome], texts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the states and the text keys that no script reached."""
    outcomes = list(outcomes)
    states = set(STEP_NAMES) - {state for o in outcomes for state in o.states}
    keys = set(texts) - {key for o in outcomes for key in o.texts}
    return sorted(states), sorted(keys)


def _explain(name: str, found: Mismatch) -> str:
    lines = [f"{name}:{found.line}", f"    {found.act}"]
    if found.reason:
        return "\n".join([*lines, f"  {found.reason}"])
    lines += [f"  {change}" for change in _changes(found.expected, found.actual)]
    for message in found.messages:
        lines.append(
            "  said:" if message.audience == "customer" else f"  said to {message.audience}:"
        )
        lines += [f"    | {line}" for line in message.text.split("\n")]
    return "\n".join(lines)


def _changes(expected: tuple[str, ...], actual: tuple[str, ...]) -> list[str]:
    changes = unified_diff(expected, actual, lineterm="", n=100)
    found = [line for line in changes if not line.startswith(("---", "+++", "@@"))]
    return [f"{line[0]} {line[1:]}" for line in found] or [f"  {line}" for line in expected]
