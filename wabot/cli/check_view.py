"""Results of checks as people read them: by category, the good ones short."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from wabot.cli.output import Output

if TYPE_CHECKING:
    from wabot.checks.model import Result

_COLUMNS = ("id", "category", "status", "detail", "fix", "duration_ms")
_MARKS = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "error": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "crashed": ("✗", "bold magenta"),
}
# The same without colours and without these signs.
_PLAIN = {"✓": "ok", "✗": "x"}
# As many good answers to one question are a line each; more are counted.
_FEW = 3


def show(out: Output, results: Sequence["Result"], *, commands: Sequence[str] = ()) -> None:
    """Print the results: by category on a terminal, else a line or an object each."""
    if not out.on_terminal:
        rows = [tuple(result.as_data().values()) for result in results]
        out.table(_COLUMNS, rows, next=commands)
        return
    for category, found in groupby(results, key=lambda result: result.category):
        out.styled((category, "bold"))
        for line in _lines(list(found), out):
            out.styled(*line)
    out.styled((summary(results), ""))


def summary(results: Sequence["Result"]) -> str:
    """Count the results by status."""
    counts = dict.fromkeys(_MARKS, 0)
    for result in results:
        counts[result.status.value] += 1
    words = [f"{count} {status}" for status, count in counts.items() if count]
    return ", ".join(words) or "nothing was checked"


def _lines(results: Sequence["Result"], out: Output) -> Iterator[tuple[tuple[str, str], ...]]:
    width = max(len(_name(result)) for result in results)
    counted: set[str] = set()
    for result in results:
        alike = [r for r in results if r.check_id == result.check_id and r.status == result.status]
        mark, style = _MARKS[result.status.value]
        mark = mark if out.can_write(mark) else _PLAIN.get(mark, mark)
        if result.status == "ok" and len(alike) > _FEW:
            if result.check_id not in counted:
                counted.add(result.check_id)
                name = result.check_id.partition(".")[2]
                yield (f"  {mark} ", style), (f"{name:<{width}}  {result.title}: {len(alike)}", "")
            continue
        said = result.detail
        if result.status in {"skipped", "crashed"}:
            said = f"{result.status}: {said}"
        yield (f"  {mark} ", style), (f"{_name(result):<{width}}  {said}", "")
        if result.fix:
            yield ("      fix: ", "cyan"), (result.fix, "")


def _name(result: "Result") -> str:
    name = result.check_id.partition(".")[2]
    return f"{name} {result.subject}" if result.subject else name
