"""The README names every command and setting, and its commands are the ones that are run."""

import re

from tests.architecture.readme import README, commands, with_tables
from tests.architecture.source import ROOT
from wabot.config import SETTINGS

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_what_the_command_line_and_the_settings_give() -> None:
    assert with_tables(TEXT) == TEXT, "write them again: python -m tests.architecture.readme"


def test_every_row_of_a_table_has_as_many_cells_as_its_heading() -> None:
    tables = re.findall(r"^\|.*(?:\n\|.*)*", TEXT, re.MULTILINE)
    odd = [
        row
        for heading, *rows in (table.splitlines() for table in tables)
        for row in rows
        if _cells(row) != _cells(heading)
    ]
    assert odd == []


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def test_every_setting_is_named() -> None:
    assert [known.name for known in SETTINGS if f"`{known.name}`" not in TEXT] == []


def test_every_command_is_named() -> None:
    text = TEXT.replace("\\|", "|")
    assert [usage for usage, _ in commands() if f"`{usage}`" not in text] == []


def _blocks() -> list[str]:
    return [match[1] for match in re.finditer(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)]


def test_the_first_two_commands_are_one_line_each_and_need_only_python() -> None:
    chat, tests = _blocks()[:2]
    for block in (chat, tests):
        assert block.count("\n") == 1
        assert block.startswith("python3 -m venv .venv && .venv/bin/python -m pip install ")
    assert chat.endswith("&& .venv/bin/wabot simulate conversation\n")
    assert tests.endswith("&& .venv/bin/python -m pytest\n")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    _, mark, after = TEXT.partition("<!-- test command")
    assert mark
    assert after.partition("```sh\n")[2].startswith(_blocks()[1])
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_every_command_line_in_the_text_is_one_that_exists() -> None:
    known = {tuple(usage.split()[1:3]) for usage, _ in commands()}
    shown = re.findall(r"bin/wabot ([a-z]+)(?: ([a-z][a-z-]*))?", TEXT)
    assert shown
    assert [words for words in shown if tuple(filter(None, words)) not in known] == []
