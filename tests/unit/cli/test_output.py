"""Output: data to stdout, talk to stderr, one document with --json."""

import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from wabot.cli.output import Output
from wabot.cli.prompts import confirm, read_secret
from wabot.errors import InvalidInput

ROWS = [("don-pepe", "Abarrotes [bold]Don Pepe[/bold]", None), ("la-fe", "La\tFe\nSur", True)]


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


class Screen:
    """Both streams of a command, and what they got."""

    def __init__(self, *, json_: bool = False, terminal: bool = False) -> None:
        kind = Terminal if terminal else io.StringIO
        self._stdout, self._stderr = kind(), kind()
        self.out = Output("tenant list", json=json_, stdout=self._stdout, stderr=self._stderr)

    @property
    def stdout(self) -> str:
        return self._stdout.getvalue()

    @property
    def stderr(self) -> str:
        return self._stderr.getvalue()


def test_off_a_terminal_a_table_is_tab_separated_without_heading() -> None:
    screen = Screen()
    screen.out.table(["slug", "name", "active"], ROWS, next=["wabot tenant show don-pepe"])
    assert screen.stdout == ("don-pepe\tAbarrotes [bold]Don Pepe[/bold]\t\nla-fe\tLa Fe Sur\tyes\n")
    assert screen.stderr == "next: wabot tenant show don-pepe\n"


def test_off_a_terminal_nothing_is_cut() -> None:
    screen = Screen()
    screen.out.table(["name"], [("x" * 500,)])
    assert screen.stdout == "x" * 500 + "\n"


def test_on_a_terminal_a_table_has_headings_and_markup_is_text() -> None:
    screen = Screen(terminal=True)
    screen.out.table(["slug", "shop_name", "active"], ROWS)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", screen.stdout)
    assert "shop name" in shown
    assert "[bold]Don Pepe[/bold]" in " ".join(shown.split())


def drawn(columns: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    screen = Screen(terminal=True)
    screen.out.table(columns, rows)
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", screen.stdout).splitlines()]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("narrow")
def test_a_table_breaks_prose_and_never_a_word() -> None:
    key = "notice_unsent:0191c3f2-7d3e-7cc1-9c54-0a2b4c6d8e0f"
    lines = drawn(["key", "n", "why"], [(key, "1", "nobody wrote to the shop for two days")])
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if key in line]
    assert "nobody" in row
    assert "days" in lines[-1]


@pytest.mark.usefixtures("narrow")
def test_rows_that_fit_no_table_are_a_block_each_in_which_nothing_is_cut() -> None:
    command = f"wabot tenant update don-pepe --set {'x' * 60}"
    rows = [("a" * 40, "b" * 40, "", "1"), ("a", "b", command, "2")]
    assert drawn(["slug", "key", "next", "n"], rows) == [
        *(f"slug  {'a' * 40}", f"key   {'b' * 40}", "n     1", ""),
        *("slug  a", "key   b", f"next  {command}", "n     2"),
    ]


@pytest.mark.usefixtures("narrow")
def test_a_command_to_copy_is_not_broken() -> None:
    command = "wabot tenant repair don-pepe --all"
    lines = drawn(["what", "repair"], [("a finding that is told in many words, so it is", command)])
    assert any(line.endswith(command) for line in lines)


@pytest.mark.usefixtures("narrow")
def test_prose_is_not_squeezed_into_a_column() -> None:
    prose = "a word " * 60
    lines = drawn(["rule", "message"], [("quota_100", prose)])
    assert lines[0] == "rule     quota_100"
    assert max(map(len, lines)) <= 80
    assert " ".join(line[9:] for line in lines[1:]) == prose.strip()


@pytest.mark.usefixtures("narrow")
def test_a_block_breaks_neither_a_long_word_nor_a_command_within_prose() -> None:
    prose = "if it is one of your own: wabot tenant repair don-pepe --with everything-that-is-there"
    lines = drawn(["id", "repair", "plan"], [("x" * 90, prose, "that wabot gives " * 6)])
    assert lines[:2] == [f"id      {'x' * 90}", f"repair  {prose}"]
    assert max(map(len, lines[2:])) <= 80


@pytest.mark.usefixtures("narrow")
def test_columns_stand_close_enough_for_a_table_of_a_catalogue() -> None:
    columns = ["sku", "name", "price", "unit", "stock", "category", "active"]
    row = (
        "REG-001",
        "Cuaderno profesional",
        "238.00",
        "paquete",
        "40",
        "Regalos y fiesta",
        "yes",
    )
    assert any(
        " ".join(row[:2]) in " ".join(line.split()) and line.endswith("yes")
        for line in drawn(columns, [row])
    )


def test_with_json_a_table_is_one_document_of_objects() -> None:
    screen = Screen(json_=True, terminal=True)
    screen.out.warn("Two shops share an owner.")
    screen.out.table(["slug", "name", "active"], ROWS, next=["wabot tenant show don-pepe"])
    assert json.loads(screen.stdout) == {
        "ok": True,
        "command": "tenant list",
        "data": [
            {"slug": "don-pepe", "name": "Abarrotes [bold]Don Pepe[/bold]", "active": None},
            {"slug": "la-fe", "name": "La\tFe\nSur", "active": True},
        ],
        "warnings": ["Two shops share an owner."],
        "next": ["wabot tenant show don-pepe"],
    }
    assert screen.stderr == ""


def test_a_document_has_all_its_keys_even_when_empty() -> None:
    screen = Screen(json_=True)
    screen.out.done("Done.")
    assert json.loads(screen.stdout) == {
        "ok": True,
        "command": "tenant list",
        "data": None,
        "warnings": [],
        "next": [],
    }
    assert screen.stdout.count("\n") == 1


def test_done_is_talk_and_leaves_stdout_to_data() -> None:
    screen = Screen()
    screen.out.warn("Slow.")
    screen.out.done("Created don-pepe.", data={"slug": "don-pepe"}, next=["wabot serve"])
    assert screen.stdout == ""
    assert screen.stderr == "Warning: Slow.\nCreated don-pepe.\nnext: wabot serve\n"


def test_a_record_is_a_line_for_each_field() -> None:
    screen = Screen()
    screen.out.record({"slug": "la-fe", "is_open": True, "owner": None})
    assert screen.stdout == "slug\tla-fe\nis_open\tyes\nowner\t\n"
    terminal = Screen(terminal=True)
    terminal.out.record({"slug": "la-fe", "is_open": True})
    assert terminal.stdout == "slug     la-fe\nis open  yes\n"


def test_values_of_the_domain_are_json() -> None:
    screen = Screen(json_=True)
    moment = datetime(2026, 3, 2, 10, tzinfo=UTC)
    uuid = UUID(int=7)
    screen.out.record({"id": uuid, "total": Decimal("10.50"), "at": moment, "path": Path("/x")})
    assert json.loads(screen.stdout)["data"] == {
        "id": str(uuid),
        "total": "10.50",
        "at": "2026-03-02T10:00:00+00:00",
        "path": "/x",
    }


def test_text_that_utf8_cannot_hold_does_not_stop_a_document() -> None:
    screen = Screen(json_=True)
    screen.out.done("x", data={"name": "half \ud83d an emoji"})
    assert json.loads(screen.stdout)["data"]["name"].startswith("half")


@pytest.mark.parametrize("json_", [True, False])
@pytest.mark.parametrize("terminal", [True, False])
def test_secrets_are_never_printed(json_: bool, terminal: bool) -> None:
    token, password = "EAAGm0PX4ZCpsBAKZCZBhEr5aQZDZD", "hunter22"
    url = f"postgresql://me:{password}@db.example/wabot"
    screen = Screen(json_=json_, terminal=terminal)
    screen.out.warn(token)
    screen.out.note(url)
    screen.out.table(["a", "b"], [(token, url)], next=[url])
    screen.out.record({"token": token, "url": url})
    assert token[3:] not in screen.stdout + screen.stderr
    assert password not in screen.stdout + screen.stderr
    if json_:
        assert [json.loads(line)["ok"] for line in screen.stdout.splitlines()] == [True, True]


def test_colour_is_left_out_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen(terminal=True)
    screen.out.failed("x", "No.", hint="Yes.")
    assert "\x1b[3" not in screen.stderr
    assert "Error: No." in re.sub(r"\x1b\[[0-9;]*m", "", screen.stderr)


def test_progress_is_for_terminals_only() -> None:
    for screen in (Screen(), Screen(json_=True, terminal=True)):
        with screen.out.progress("Upgrading", total=2) as advance:
            advance(1)
        assert screen.stderr == ""
    terminal = Screen(terminal=True)
    with terminal.out.progress("Upgrading", total=2) as advance:
        advance(2)
    assert "Upgrading" in terminal.stderr
    assert terminal.stdout == ""


def _stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_secret_is_read_from_a_file_or_from_stdin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("  EAAG-token\n")
    assert read_secret(str(file), option="--token-file", prompt="Access token") == "EAAG-token"
    _stdin(monkeypatch, "EAAG-piped\n")
    assert read_secret("-", option="--token-file", prompt="Access token") == "EAAG-piped"


@pytest.mark.parametrize(
    ("text", "read"), [("two words\r\n", "two words"), (" a \n", " a "), ("a\nb", ""), ("\n", "")]
)
def test_a_secret_that_may_hold_spaces_is_a_whole_line(
    tmp_path: Path, text: str, read: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(text, newline="")

    def act() -> str:
        return read_secret(str(file), option="--x", prompt="It", may_hold_spaces=True)

    if read:
        assert act() == read
    else:
        with pytest.raises(InvalidInput, match=r"more than one line|empty"):
            act()


def test_without_a_terminal_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, "EAAG-piped\n")
    with pytest.raises(InvalidInput) as caught:
        read_secret(None, option="--token-file", prompt="Access token")
    assert "--token-file" in caught.value.hint
    with pytest.raises(InvalidInput) as caught:
        confirm("Delete it?", option="--yes")
    assert "--yes" in caught.value.hint
    assert confirm("Delete it?", option="--yes", given=True)


@pytest.mark.parametrize("text", ["", " \n", "two words", "line\nline"])
def test_what_cannot_be_a_secret_is_refused_and_not_repeated(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stdin(monkeypatch, text)
    with pytest.raises(InvalidInput) as caught:
        read_secret("-", option="--token-file", prompt="Access token")
    assert "two" not in caught.value.message
    assert "line" not in caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, reason in (("missing", "No such file"), (".", "directory"), ("binary", "text file")):
        with pytest.raises(InvalidInput, match=reason):
            read_secret(str(tmp_path / name), option="--token-file", prompt="Access token")
