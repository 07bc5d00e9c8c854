"""`wabot inbox` as the operator types it."""

import json

import psycopg
import pytest
from typer.testing import CliRunner

from tests.integration.runtime.journals import Journals
from tests.integration.runtime.test_inbox import _failed
from wabot.cli.app import app


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def invoke(*words: str):
        return CliRunner().invoke(app, ["inbox", *words])

    return invoke


async def test_a_failed_event_is_listed_shown_and_retried(
    journals: Journals, make_tenant, run
) -> None:
    await _failed(journals, make_tenant("bodega").id)
    listed = json.loads(run("list", "--state", "failed", "--json").stdout)
    assert listed["next"] == ["wabot inbox retry --failed"]
    event = listed["data"][0]
    assert event["last_error"] == "ValueError: no"
    shown = json.loads(run("show", str(event["id"]), "--json").stdout)
    assert "content" not in shown["data"]
    assert (
        "content" in json.loads(run("show", str(event["id"]), "--content", "--json").stdout)["data"]
    )
    retried = json.loads(run("retry", str(event["id"]), "--json").stdout)
    assert retried["data"] == {"events": 1}


async def test_files_that_wait_are_told_of_and_listed(central_url: str, make_tenant, run) -> None:
    shop = make_tenant("bodega")
    assert "Files" not in run("list").stderr
    with psycopg.connect(central_url) as central:
        central.execute(
            "INSERT INTO wabot.media (phone_number_id, media_id, event_key, contact, kind,"
            " occurred_at, last_error) VALUES (%s, '7', 'wamid.1', '521', 'image', now(), 'no'),"
            " ('999', '8', 'wamid.2', '522', 'audio', now() + '1 s', NULL)",
            [shop.phone_number_id],
        )
    listed = json.loads(run("list", "--json").stdout)
    assert listed["next"] == ["wabot inbox files"]
    assert "Files of customers wait" in listed["warnings"][0]
    files = json.loads(run("files", "--json").stdout)["data"]
    assert [(f["tenant"], f["event"], f["last_error"]) for f in files] == [
        ("bodega", "wamid.1", "no"),
        ("", "wamid.2", ""),
    ]
    only = json.loads(run("files", "--tenant", "bodega", "--json").stdout)["data"]
    assert [file["kind"] for file in only] == ["image"]


def test_an_unknown_state_lists_the_known_ones(run) -> None:
    result = run("list", "--state", "lost")
    assert result.exit_code == 2
    assert "waiting, failed, unrouted, done" in result.stderr


def test_to_retry_without_saying_what_is_refused(run) -> None:
    assert run("retry").exit_code == 2
    assert run("retry", "3", "--failed").exit_code == 2


def test_to_discard_without_a_terminal_needs_the_option(run) -> None:
    result = run("discard", "3")
    assert result.exit_code == 2
    assert "--yes" in result.stderr


def test_what_could_not_be_done_is_told_by_the_exit_code(run, make_tenant) -> None:
    make_tenant("bodega")
    for words in (["discard", "3", "--yes"], ["retry", "3"], ["replay", "bodega", "999"]):
        done = run(*words)
        assert done.exit_code == 1, words
        assert "not there" in done.stderr
    assert run("retry", "--failed").exit_code == 0


def test_a_shop_that_does_not_exist_is_named(run) -> None:
    for words in (
        ["list", "--tenant", "nope"],
        ["files", "--tenant", "nope"],
        ["retry", "--failed", "--tenant", "nope"],
        ["replay", "nope", "521"],
    ):
        done = run(*words)
        assert done.exit_code == 4, words
        assert "There is no tenant nope" in done.stderr


async def test_an_event_named_twice_counts_once(journals: Journals, make_tenant, run) -> None:
    await _failed(journals, make_tenant("bodega").id)
    event = str(json.loads(run("list", "--json").stdout)["data"][0]["id"])
    assert json.loads(run("retry", event, event, "--json").stdout)["data"] == {"events": 1}
    discarded = run("discard", event, event, "--yes", "--json")
    assert json.loads(discarded.stdout)["data"] == {"events": 1}


def test_what_can_be_no_event_is_refused(run) -> None:
    for words in (["show", "9" * 30], ["retry", "0"], ["discard", "9" * 30, "--yes"]):
        assert run(*words).exit_code == 2, words
    assert run("retry", "3", "--tenant", "bodega").exit_code == 2
