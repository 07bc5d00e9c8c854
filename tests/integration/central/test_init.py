"""`wabot init`: from nothing to a `.env` and a central database, and never over what is there."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from dotenv import dotenv_values
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from tests.harness import make_tenant
from wabot.cli.app import app
from wabot.config import SETTINGS, load_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name in {known.name for known in SETTINGS}:
            monkeypatch.delenv(name)


@pytest.fixture
def owner(central_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The central database's owner, in the environment as a container would have it."""
    monkeypatch.setenv("DATABASE_URL", central_url)
    return central_url


def _init(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["init", *words], input=stdin)


def _file() -> dict[str, str]:
    return {name: value for name, value in dotenv_values(".env").items() if value}


def test_what_can_be_made_is_made_and_what_is_missing_is_told(owner: str) -> None:
    done = _init("--json", "--app-id", "100200300400500")
    document = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert document["data"] | {"database": ""} == {
        "file": str(Path(".env").absolute()),
        "written": ["WHATSAPP_APP_ID", "WABOT_MASTER_KEY", "WHATSAPP_VERIFY_TOKEN"],
        "missing": ["WHATSAPP_APP_SECRET"],
        "database": "",
    }
    assert document["next"][0] == "wabot check all"
    assert "WHATSAPP_APP_SECRET is not set yet" in document["warnings"][0]
    settings = load_settings()
    assert len(settings["WABOT_MASTER_KEY"][0]) == 32
    assert len(settings["WHATSAPP_VERIFY_TOKEN"]) >= 24
    assert Path(".env").stat().st_mode & 0o777 == 0o600
    written = _file()
    assert set(written) == set(document["data"]["written"])
    assert written["WABOT_MASTER_KEY"] not in done.output


def test_a_second_time_changes_nothing(owner: str) -> None:
    _init("--app-secret-file", "-", "--app-id", "12345", stdin="0123456789abcdef" * 2)
    before = Path(".env").read_bytes()
    done = _init("--app-secret-file", "-", stdin="0123456789abcdef" * 2)
    assert done.exit_code == 0, done.output
    assert "is complete" in done.stderr
    assert Path(".env").read_bytes() == before


def test_half_a_file_is_completed_only_when_that_is_agreed_to(owner: str) -> None:
    Path(".env").write_text("# Of our shop.\nWABOT_PORT=9000\nWHATSAPP_VERIFY_TOKEN=our word\n")
    refused = _init()
    assert refused.exit_code == 2
    assert "It lacks: WABOT_MASTER_KEY." in refused.stderr
    assert "Give --force" in refused.stderr
    assert "WABOT_MASTER_KEY" not in _file()
    assert _init("--force").exit_code == 0
    text = Path(".env").read_text()
    assert text.startswith("# Of our shop.\nWABOT_PORT=9000\nWHATSAPP_VERIFY_TOKEN=our word\n")
    assert set(_file()) == {"WABOT_PORT", "WHATSAPP_VERIFY_TOKEN", "WABOT_MASTER_KEY"}


def test_a_slip_is_asked_again_and_what_was_chosen_before_is_not(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["999", "123456789012345", "", ""])
    asked: list[str] = []

    def ask(question: str, *, hidden: bool = False) -> str:
        asked.append(question.split(" (", maxsplit=1)[0])
        return next(answers)

    monkeypatch.setattr("wabot.cli.init.ask", ask)
    done = _init()
    assert done.exit_code == 0, done.stderr
    assert "That cannot be: WHATSAPP_APP_ID must be the app's number" in done.stderr
    assert _file()["WHATSAPP_APP_ID"] == "123456789012345"
    assert asked[:3] == ["Meta app id", "Meta app id", "Meta app secret"]
    answers = iter(["", ""])
    assert "stays as it is" in _init().stderr
    # As one who took the embedded server has it; without a terminal nothing is agreed to.
    monkeypatch.delenv("DATABASE_URL")
    answers, asked[:] = iter(["", "https://bot.example"]), []
    assert _init().exit_code == 2
    assert [question[:8] for question in asked] == ["Meta app", "Address "]


def test_what_is_set_is_never_changed(owner: str) -> None:
    Path(".env").write_text("WHATSAPP_APP_ID=12345\n")
    done = _init("--force", "--app-id", "99999")
    assert done.exit_code == 4
    assert "WHATSAPP_APP_ID is set already" in done.stderr
    assert Path(".env").read_text() == "WHATSAPP_APP_ID=12345\n"


def test_a_malformed_file_is_to_be_corrected_first(owner: str) -> None:
    Path(".env").write_text("WABOT_PORT=http\n")
    done = _init("--force")
    assert done.exit_code == 3
    assert "WABOT_PORT must be a whole number" in done.stderr
    assert Path(".env").read_text() == "WABOT_PORT=http\n"


def test_wrong_credentials_leave_nothing_behind() -> None:
    done = _init(
        "--database-url", "postgresql://nobody@127.0.0.1:1/wabot",
        "--database-password-file", "-",
        stdin="hidden-word\n",
    )  # fmt: skip
    assert done.exit_code == 5
    assert "Cannot connect to database wabot on 127.0.0.1 port 1" in done.stderr
    assert "hidden-word" not in done.output
    assert not Path(".env").exists()


def test_a_password_is_no_argument() -> None:
    done = _init("--database-url", "postgresql://me:hidden-word@db/wabot")
    assert done.exit_code == 2
    assert "hidden-word" not in done.output


def test_a_database_that_is_not_there_is_made(
    make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    given = conninfo_to_dict(url)
    with psycopg.connect(url, dbname="postgres", autocommit=True) as server:
        server.execute(f'drop database "{given["dbname"]}"')
    monkeypatch.setenv("DATABASE_URL", url)
    done = _init("--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["data"]["database"]["before"] == ""
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from wabot.clients").fetchone() == (0,)


def test_a_new_key_never_takes_the_place_of_one_that_is_lost(
    owner: str, environment: dict[str, str]
) -> None:
    make_tenant(load_settings(environ=environment), owner, "bodega")
    done = _init()
    assert done.exit_code == 4
    assert "holds 1 token under another master key" in done.stderr
    assert not Path(".env").exists()


def test_the_upgrade_that_it_makes_is_audited(
    make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("WABOT_OPERATOR", "ana")
    assert _init().exit_code == 0
    with psycopg.connect(url) as connection:
        rows = connection.execute("select actor, action from wabot.audit_log").fetchall()
    assert rows == [("ana", "db.upgrade")]
