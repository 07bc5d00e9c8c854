"""The order of revisions, and which of them may run now."""

import pytest

from wabot.domain.drift import Difference, Fact, compare
from wabot.domain.migration import (
    Revision,
    RevisionKind,
    allowed,
    branch_of,
    heads,
    in_order,
    modules_of,
    parse_ledger,
    pending,
    to_ledger,
)
from wabot.errors import ConfigurationError, InvalidInput


def line(branch: str, *kinds: str, needs: dict[int, str] | None = None) -> tuple[Revision, ...]:
    return tuple(
        Revision(
            f"{branch}_{number:04}",
            branch,
            RevisionKind.CONTRACT if kind == "c" else RevisionKind.EXPAND,
            kind,
            previous=f"{branch}_{number - 1:04}" if number > 1 else "",
            depends_on=(needs[number],) if needs and number in needs else (),
        )
        for number, kind in enumerate(kinds, 1)
    )


LINES = {
    "base": line("base", "e", "e", "c"),
    "agua": line("agua", "e", "e", needs={1: "base_0001", 2: "base_0003"}),
    "dos_palabras": line("dos_palabras", "e"),
}


def ids(revisions: tuple[Revision, ...]) -> list[str]:
    return [revision.id for revision in revisions]


def test_a_ledger_names_the_newest_of_each_branch() -> None:
    assert parse_ledger("") == ()
    assert parse_ledger("b_0001,a_0002") == ("a_0002", "b_0001")
    assert to_ledger(["b_0001", "a_0002"]) == "a_0002,b_0001"
    assert branch_of("dos_palabras_0001") == "dos_palabras"
    assert modules_of("agua_0001,base_0002,dos_palabras_0001") == ("agua", "dos_palabras")


def test_heads_are_those_of_the_base_and_the_modules() -> None:
    assert heads(LINES.__getitem__) == ("base_0003",)
    assert heads(LINES.__getitem__, ["agua", "agua"]) == ("agua_0002", "base_0003")


def test_what_is_missing_runs_after_what_it_builds_on() -> None:
    assert ids(pending(LINES.__getitem__, "agua_0001,base_0001")) == [
        "base_0002",
        "base_0003",
        "agua_0002",
    ]
    assert pending(LINES.__getitem__, "agua_0002,base_0003") == ()


def test_the_base_waits_for_a_branch_that_it_depends_on() -> None:
    base = line("base", "e", "e", needs={2: "agua_0001"})
    assert ids(in_order((*base, *line("agua", "e")))) == ["base_0001", "agua_0001", "base_0002"]


def test_a_circle_is_refused() -> None:
    one = line("one", "e", needs={1: "two_0001"})
    two = line("two", "e", needs={1: "one_0001"})
    with pytest.raises(InvalidInput, match="circle"):
        in_order((*one, *two))


def test_an_unknown_revision_is_of_a_newer_wabot() -> None:
    with pytest.raises(ConfigurationError, match="base_0009"):
        pending(LINES.__getitem__, "base_0009")


@pytest.mark.parametrize(
    ("active", "may"),
    [
        (["agua_0001,base_0001"], ["base_0002"]),
        (["agua_0001,base_0002", "base_0001"], ["base_0002"]),
        (["agua_0001,base_0002"], ["base_0002", "base_0003", "agua_0002"]),
        (["base_0003"], ["base_0002", "base_0003", "agua_0002"]),
        ([], ["base_0002", "base_0003", "agua_0002"]),
    ],
)
def test_what_takes_something_away_waits_and_what_builds_on_it_too(
    active: list[str], may: list[str]
) -> None:
    steps = pending(LINES.__getitem__, "agua_0001,base_0001")
    assert ids(allowed(LINES.__getitem__, steps, active)) == may


def test_differences_say_what_is_missing_too_much_or_another() -> None:
    kept = Fact("column", "a", "x", "text")
    found = compare(
        [kept, Fact("index", "a", "i", "1"), Fact("column", "a", "y", "text")],
        [kept, Fact("index", "a", "j", "2"), Fact("column", "a", "y", "int")],
    )
    assert found == (
        Difference("column", "a", "y", "text", "int"),
        Difference("index", "a", "i", "1", ""),
        Difference("index", "a", "j", "", "2"),
    )
    assert [str(difference) for difference in found] == [
        "column a.y is int, expected text",
        "index a.i is missing",
        "index a.j is not of this revision",
    ]


def test_a_missing_table_is_one_difference() -> None:
    table = Fact("table", "a", "", "r")
    parts = [table, Fact("column", "a", "x", "text"), Fact("sequence", "a", "s", "1")]
    assert compare(parts, []) == (Difference("table", "a", "", "r", ""),)
    assert compare([], parts) == (Difference("table", "a", "", "", "r"),)
