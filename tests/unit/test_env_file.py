"""A `.env` is completed without touching what stands there."""

from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from wabot.config.env_file import completed, write
from wabot.errors import ConfigurationError


def test_a_setting_takes_the_place_that_is_left_for_it() -> None:
    text = "# Mine.\nA=1\n\n# The id.\nB=\nexport C=''\n# D=\n"
    assert completed(text, {"B": "two", "C": "3", "D": "4"}) == (
        "# Mine.\nA=1\n\n# The id.\nB=two\nC=3\n# D=\nD=4\n"
    )


def test_a_file_without_a_last_line_end_is_gone_on_with() -> None:
    assert completed("A=1", {"B": "2"}) == "A=1\nB=2\n"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=30))
def test_whatever_a_value_holds_is_read_as_it_was_written(value: str) -> None:
    read = dotenv_values(
        stream=StringIO(completed("B=\n", {"B": value, "C": value})), interpolate=False
    )
    assert (read["B"], read["C"]) == (value, value)
    assert _as_systemd_reads(completed("B=\n", {"B": value})) == value


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("it's", 'B="it\'s"'),
        ("a b$c", "B='a b$c'"),
        ('back\\slash and "quote"', r'B="back\\slash and \"quote\""'),
    ],
)
def test_a_value_with_quotes_is_written_as_systemd_reads_it_as_well(value: str, line: str) -> None:
    assert completed("", {"B": value}) == f"{line}\n"


def _as_systemd_reads(text: str) -> str:
    """Read one assignment by the rules of EnvironmentFile= (systemd.exec(5))."""
    rest = text.rstrip("\n").partition("=")[2]
    if rest.startswith("'"):
        # Nothing is special up to the next one.
        inside, _, after = rest[1:].partition("'")
        assert not after
        return inside
    if not rest.startswith('"'):
        return rest
    read, at = "", 1
    while rest[at] != '"':
        if rest[at] == "\\" and rest[at + 1] in '"\\`$':
            at += 1
        read += rest[at]
        at += 1
    assert at == len(rest) - 1
    return read


def test_a_file_is_its_owners_alone_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("")
    path.chmod(0o644)
    write(path, "A=1\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("A=1\n", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.env cannot be written"):
        write(tmp_path / "none" / ".env", "A=1\n")
