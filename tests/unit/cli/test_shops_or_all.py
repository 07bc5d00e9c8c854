"""Commands for one shop or every shop: whom is meant is said in one way, never guessed."""

import pytest
from typer.testing import CliRunner

from tests.architecture.readme import leaves
from wabot.cli.app import COMMANDS, Deferred, app

PATHS = sorted(
    path
    for name, entry in COMMANDS.items()
    for path, command in leaves(name, Deferred(name, entry).load())
    if any("--all" in parameter.opts for parameter in command.params)
    and all(parameter.name in {"slug", "slugs"} for parameter in command.params
            if parameter.param_type_name == "argument")
    and any(parameter.param_type_name == "argument" for parameter in command.params)
)  # fmt: skip


def test_the_commands_are_found() -> None:
    assert {"tenant doctor", "tenant export", "tenant migrate", "tenant rotate-token"} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_without_either_both_ways_are_shown(path: str) -> None:
    result = CliRunner().invoke(app, path.split())
    assert result.exit_code == 2
    assert "name the shop, or say --all" in result.stderr
    assert f"wabot {path} SLUG, or: wabot {path} --all" in result.stderr


@pytest.mark.parametrize("path", PATHS)
def test_both_at_once_are_refused(path: str) -> None:
    result = CliRunner().invoke(app, [*path.split(), "lupita", "--all"])
    assert result.exit_code == 2
    assert "a shop's name and --all exclude each other" in result.stderr
    assert f"wabot {path} SLUG, or: wabot {path} --all" in result.stderr
