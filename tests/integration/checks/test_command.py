"""`wabot check` as a command: crashes, waiting, and what other groups plug in."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wabot.checks.model import Check, CheckSet, Outcome, alone, bad, good
from wabot.cli.app import app
from wabot.config import Examination, examine_settings
from wabot.container.checks import GROUPS, Surroundings, logs, sets_of


def _check(monkeypatch: pytest.MonkeyPatch, *checks: Check[None]) -> None:
    """Let the group of logs be these checks."""

    def sets(_around: Surroundings) -> tuple[CheckSet[None], ...]:
        return (CheckSet(checks, alone(None)),)

    monkeypatch.setattr(logs, "sets", sets)


def _run(*words: str) -> tuple[int, Mapping[str, Mapping[str, str]]]:
    done = CliRunner().invoke(app, ["check", "logs", "--json", *words])
    document = json.loads(done.stdout)
    return done.exit_code, {line["id"]: line for line in document["data"]}


async def _good(_: None) -> Outcome:
    return good("well")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_check_with_a_bug_is_reported_with_its_traceback_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def crash(_: None) -> Outcome:
        raise KeyError("EAAsecrettokenofsomebody")

    (tmp_path / "home").mkdir()
    monkeypatch.setenv("WABOT_HOME", str(tmp_path / "home"))
    _check(monkeypatch, Check("logs.bug", "t", crash), Check("logs.good", "t", _good))
    code, found = _run()
    assert (code, found["logs.good"]["status"]) == (1, "ok")
    bug = found["logs.bug"]
    assert (bug["status"], bug["detail"]) == (
        "crashed",
        "this check has a bug: KeyError: 'EAA***'",
    )
    place = Path(bug["fix"].removeprefix("the traceback is in "))
    assert place.parent == tmp_path / "home" / "logs"
    assert "in crash" in place.read_text()
    assert "secrettoken" not in place.read_text()


def test_what_fails_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def later(_: None) -> Outcome:
        nonlocal asked
        asked += 1
        return good() if asked > 1 else bad("not yet", "wait")

    monkeypatch.setattr("wabot.checks.runner._PAUSE", 0)
    _check(monkeypatch, Check("logs.later", "t", later))
    assert _run()[0] == 1
    asked = 0
    assert _run("--wait", "30")[0] == 0


def _sets(tmp_path: Path) -> list[CheckSet[object]]:
    found: Examination = examine_settings(environ={}, env_file=tmp_path / ".env")
    return sets_of(Surroundings(found), GROUPS)


def test_ids_are_unique_and_say_their_group(tmp_path: Path) -> None:
    ids = [check.id for each in _sets(tmp_path) for check in each.checks]
    assert len(ids) == len(set(ids))
    assert {check_id.partition(".")[0] for check_id in ids} == GROUPS.keys()


def test_every_need_is_a_check_and_none_needs_itself(tmp_path: Path) -> None:
    sets = _sets(tmp_path)
    needs = {check.id: {*each.needs, *check.needs} for each in sets for check in each.checks}
    assert {need for all_ in needs.values() for need in all_} <= needs.keys()

    def reached(check_id: str, path: tuple[str, ...] = ()) -> None:
        assert check_id not in path, f"needs itself: {path}"
        for need in needs[check_id]:
            reached(need, (*path, check_id))

    for check_id in needs:
        reached(check_id)


def test_two_repairs_in_a_row_are_two_commands_and_the_document_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def two(_: None) -> Outcome:
        return bad("broken", "see to it, then: wabot one SHOP, then: wabot two SHOP")

    _check(monkeypatch, Check("logs.two", "t", two), Check("logs.good", "t", _good))
    document = json.loads(CliRunner().invoke(app, ["check", "logs", "--json"]).stdout)
    assert document["next"] == ["wabot one SHOP", "wabot two SHOP"]
    assert (document["ok"], document["error"]) == (
        False,
        {
            "code": "finding",
            "message": "not as it should be: logs.two",
            "hint": "",
            "retryable": False,
        },
    )
    assert len(document["data"]) == 2
