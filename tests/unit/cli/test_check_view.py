"""Results as people read them: by category, and told by signs and words, never by colour alone."""

import io
import re

from wabot.checks.model import Result, Status
from wabot.cli.check.view import short_lines, show, summary
from wabot.cli.output import Output


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class _OldTerminal(_Terminal):
    encoding = "ascii"


def _result(id_: str, status: Status, detail: str = "fine", fix: str = "") -> Result:
    name, _, subject = id_.partition(":")
    return Result(id_, name.partition(".")[0], status, detail, fix, 1, "it is well", subject)


RESULTS = [
    _result("a.one", Status.OK),
    _result("a.two", Status.WARNING, "old", "wabot renew"),
    _result("a.three", Status.ERROR, "broken\nin two", "chmod 600 x"),
    _result("a.four", Status.SKIPPED, "a.three failed"),
    _result("b.five", Status.CRASHED, "this check has a bug: KeyError", "the traceback is in x"),
]


def _shown(results: list[Result], terminal: io.StringIO) -> list[str]:
    show(Output("check", stdout=terminal, stderr=io.StringIO()), results)
    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    return [line.rstrip() for line in text.splitlines()]


def test_each_status_has_a_sign_and_what_failed_its_repair() -> None:
    assert _shown(RESULTS, _Terminal()) == [
        "a",
        "  ✓ one    fine",
        "  ! two    old",
        "      fix: wabot renew",
        "  ✗ three  broken in two",
        "      fix: chmod 600 x",
        "  - four   skipped: a.three failed",
        "b",
        "  ✗ five  crashed: this check has a bug: KeyError",
        "      fix: the traceback is in x",
        "1 ok, 1 warning, 1 error, 1 skipped, 1 crashed",
    ]


def test_a_terminal_without_these_signs_gets_words() -> None:
    lines = _shown(RESULTS, _OldTerminal())
    assert lines[1:3] == ["  ok one    fine", "  ! two    old"]
    assert "  x three  broken in two" in lines


def test_many_good_answers_to_one_question_are_counted_and_failures_are_not() -> None:
    shops = [_result(f"w.token:shop-{number}", Status.OK) for number in range(10)]
    shops.insert(
        4, _result("w.token:bad", Status.ERROR, "refused", "wabot tenant rotate-token bad")
    )
    assert _shown(shops, _Terminal())[1:] == [
        "  ✓ token         it is well: 10",
        "  ✗ token bad     refused",
        "      fix: wabot tenant rotate-token bad",
        "10 ok, 1 error",
    ]


def test_many_skips_of_one_cause_are_counted() -> None:
    skipped = [_result(f"w.{name}", Status.SKIPPED, "w.x failed") for name in "abcde"]
    assert _shown(skipped, _Terminal())[1:] == ["  - 5 skipped: w.x failed", "5 skipped"]


def test_a_server_that_starts_counts_each_group_and_shows_its_problems_in_a_line_each() -> None:
    out = Output("serve", stdout=_Terminal(), stderr=io.StringIO())
    assert list(short_lines(RESULTS, out)) == [
        "✗ a: 1 ok, 1 warning, 1 error, 1 skipped",
        "  ! a.two: old (wabot renew)",
        "  ✗ a.three: broken in two (chmod 600 x)",
        "✗ b: 1 crashed",
        "  ✗ b.five: this check has a bug: KeyError (the traceback is in x)",
    ]
    assert list(short_lines(RESULTS[:1], out, label="routes")) == ["✓ routes: 1 ok"]
    assert summary([]) == "nothing was checked"
