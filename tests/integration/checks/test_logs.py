"""Where logs go, and what never gets into them."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.checks.conftest import Checked
from wabot import logs
from wabot.config import load_settings
from wabot.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler.formatter, logs.JsonFormatter):
            root.removeHandler(handler)
            handler.close()


async def test_by_default_lines_go_to_stderr(checked: Checked) -> None:
    found = await checked({}, "logs")
    said = {name: result.detail for name, result in found.items() if name.startswith("logs.")}
    assert said == {
        "logs.format": "info and above, JSON lines (console on a terminal)",
        "logs.destination": "stderr",
        "logs.room": "stderr takes care of itself",
        "logs.masking": "5 private words of a sample are masked",
    }


async def test_a_folder_that_cannot_be_written_is_told_with_the_setting(
    checked: Checked, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "wabot.log"
    found = await checked({"WABOT_LOG_FILE": str(path)}, "logs")
    destination = found["logs.destination"]
    assert destination.status == "error"
    assert destination.detail == f"Logs cannot be written to {path}: Not a directory"
    assert destination.fix == (
        "Set WABOT_LOG_FILE to a file that this user may write; without it logs go to stderr."
    )
    assert found["logs.room"].status == "skipped"
    with pytest.raises(ConfigurationError, match="cannot be written"):
        logs.configure(file=path)


async def test_a_folder_holds_a_file_of_its_owner(checked: Checked, tmp_path: Path) -> None:
    found = await checked({"WABOT_LOG_FILE": f"{tmp_path}/new/"}, "logs")
    path = tmp_path / "new" / "wabot.log"
    assert found["logs.destination"].detail == str(path)
    assert found["logs.room"].status == "ok"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_moved_away_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "wabot.log"
    logs.configure(file=path)
    logging.getLogger("wabot.sample").warning("first")
    path.rename(tmp_path / "wabot.log.1")
    logging.getLogger("wabot.sample").warning("second")
    assert json.loads((tmp_path / "wabot.log.1").read_text())["message"] == "first"
    assert json.loads(path.read_text())["message"] == "second"
    logs.configure(stream=sys.stderr)


async def test_a_secret_that_would_be_logged_is_noticed_without_being_shown(
    checked: Checked,
) -> None:
    environ = {"WHATSAPP_VERIFY_TOKEN": "a-very-private-word"}
    leaking = (await checked(environ, "logs.masking"))["logs.masking"]
    assert (leaking.status, leaking.fix) == (
        "error",
        "set WABOT_LOG_LEVEL=error and install a newer wabot",
    )
    assert "private-word" not in f"{leaking}"
    logs.hide(["a-very-private-word"])
    assert (await checked(environ, "logs.masking"))["logs.masking"].status == "ok"


@pytest.mark.parametrize("value", ["wabot.log", "logs/"])
def test_a_path_that_depends_on_the_folder_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="WABOT_LOG_FILE must be the whole path"):
        load_settings(environ={"WABOT_LOG_FILE": value})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("https://bot.example.com/", "https://bot.example.com"),
        ("https://bot.example.com/shops/webhook", "https://bot.example.com/shops"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_public_address_is_read_without_its_path(value: str, read: str) -> None:
    assert load_settings(environ={"WABOT_PUBLIC_URL": value})["WABOT_PUBLIC_URL"] == read


def test_meta_calls_nothing_but_https() -> None:
    with pytest.raises(ConfigurationError, match="must be an https:// URL"):
        load_settings(environ={"WABOT_PUBLIC_URL": "http://bot.example.com"})
