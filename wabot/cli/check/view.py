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
_WORSE = ("skipped", "ok", "warning", "crashed", "error")
# The same without colours and without these signs.
_PLAIN = {"✓": "ok", "✗": "x"}
# As many good answers to one question are a line each; more are counted.
_FEW = 3


def show(
    out: Output, results: Sequence["Result"], told: str = "", *, commands: Sequence[str] = ()
) -> None:
    """Print the results: by category on a terminal with `told` last, else a line each."""
    if not out.on_terminal:
        rows = [tuple(result.as_data().values()) for result in results]
        out.table(_COLUMNS, rows, next=commands)
        return
    for category, found in groupby(results, key=lambda result: result.category):
        out.styled((category, "bold"))
        for line in _lines(list(found), out):
            out.styled(*line)
    out.styled((told or summary(results), ""))


def summary(results: Sequence["Result"]) -> str:
    """Count the results by status."""
    counts = dict.fromkeys(_MARKS, 0)
    for result in results:
        counts[result.status.value] += 1
    words = [f"{count} {status}" for status, count in counts.items() if count]
    return ", ".join(words) or "nothing was checked"


def _lines(results: Sequence["Result"], out: Output) -> Iterator[tuple[tuple[str, str], ...]]:
    told: set[tuple[str, str]] = set()
    width = max(len(_name(result)) for result in results)
    for result in results:
        alike = [other for other in results if _key(other) == _key(result)]
        if len(alike) > _FEW and result.status in {"ok", "skipped"}:
            if _key(result) in told:
                continue
            told.add(_key(result))
            yield _counted(alike, width, out)
            continue
        mark, style = _mark(result, out)
        said = " ".join(result.detail.split())
        if result.status in {"skipped", "crashed"}:
            said = f"{result.status}: {said}"
        yield (f"  {mark} ", style), (f"{_name(result):<{width}}  {said}", "")
        if result.fix:
            yield ("      fix: ", "cyan"), (result.fix, "")


def _key(result: "Result") -> tuple[str, str]:
    """Tell which results may share a line: good answers to one question, skips of one cause."""
    if result.status == "skipped":
        return result.status, result.detail
    return result.status, result.check_id


def _counted(alike: Sequence["Result"], width: int, out: Output) -> tuple[tuple[str, str], ...]:
    first = alike[0]
    mark, style = _mark(first, out)
    if first.status == "skipped":
        return (f"  {mark} ", style), (f"{len(alike)} skipped: {first.detail}", "")
    name = first.check_id.partition(".")[2]
    return (f"  {mark} ", style), (f"{name:<{width}}  {first.title}: {len(alike)}", "")


def _mark(result: "Result", out: Output) -> tuple[str, str]:
    mark, style = _MARKS[result.status.value]
    return mark if out.can_write(mark) else _PLAIN.get(mark, mark), style


def _name(result: "Result") -> str:
    name = result.check_id.partition(".")[2]
    return f"{name} {result.subject}" if result.subject else name


def short_lines(results: Sequence["Result"], out: Output, label: str = "") -> Iterator[str]:
    """Yield a line for each category, and under it what is not as it should be with its repair."""
    for category, found in groupby(results, key=lambda result: result.category):
        group = list(found)
        worst = max(group, key=lambda result: _WORSE.index(result.status))
        mark, _ = _mark(worst, out)
        yield f"{mark} {label or category}: {summary(group)}"
        yield from (f"  {line}" for line in _problem_lines(group, out))


def _problem_lines(results: Sequence["Result"], out: Output) -> Iterator[str]:
    for result in results:
        if result.is_problem(strict=True):
            mark, _ = _mark(result, out)
            said = " ".join(result.detail.split())
            yield f"{mark} {result.id}: {said} ({result.fix})"
