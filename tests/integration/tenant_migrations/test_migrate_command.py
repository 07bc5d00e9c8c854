"""`wabot tenant migrate` as it is typed and read."""

import json
from typing import Any

import psycopg
import pytest

from tests.integration.tenant_migrations.conftest import Make
from tests.integration.tenants.conftest import Cli, cli

__all__ = ["cli"]

Connection = psycopg.Connection[Any]


@pytest.mark.parametrize("words", [[], ["one", "--all"], ["--all", "--jobs", "0"]], ids=" ".join)
def test_words_that_make_no_sense_are_refused(cli: Cli, words: list[str]) -> None:
    assert cli("tenant", "migrate", *words).exit_code == 2


def test_the_command_says_when_there_is_nothing_to_do(cli: Cli, make: Make) -> None:
    make("one")
    done = cli("tenant", "migrate", "--all")
    assert done.exit_code == 0
    plan, end = (json.loads(line) for line in done.stdout.splitlines())
    assert (plan["event"], plan["total"], plan["at_head"]) == ("plan", 0, 1)
    assert (end["event"], end["total"], end["failed_slugs"]) == ("end", 0, [])


@pytest.mark.parametrize("words", [["--all"], ["--all", "--dry-run"]], ids=" ".join)
def test_json_lines_end_with_a_document(cli: Cli, make: Make, words: list[str]) -> None:
    make("one")
    done = cli("tenant", "migrate", *words, "--json")
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["ok"], last["command"], last["data"]["total"]) == (True, "tenant migrate", 0)


def test_json_lines_of_a_failure_end_with_its_document(
    cli: Cli, make: Make, central: Connection
) -> None:
    make("one")
    central.execute("update wabot.clients set schema_revision = 'base_9999'")
    *_, end, last = map(json.loads, cli("tenant", "migrate", "one", "--json").stdout.splitlines())
    assert (end["event"], end["failed_slugs"]) == ("end", ["one"])
    assert (last["ok"], last["error"]["code"]) == (False, "finding")


def test_a_shop_that_failed_is_named_with_the_command_to_run_again(
    cli: Cli, make: Make, central: Connection
) -> None:
    make("one")
    central.execute("update wabot.clients set schema_revision = 'base_9999'")
    done = cli("tenant", "migrate", "one")
    assert done.exit_code == 1
    assert "wabot tenant migrate one" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["failed_slugs"] == ["one"]
