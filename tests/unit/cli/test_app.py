"""The root command: cheap help, every command reachable."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.architecture.readme import leaves
from wabot.cli.app import COMMANDS, Deferred, app

ROOT = Path(__file__).parents[3]
HEAVY = (
    "aiohttp", "alembic", "asyncio", "boto3", "botocore", "cryptography", "dotenv", "httpx",
    "phonenumbers", "psycopg", "rapidfuzz", "rich", "sqlalchemy",
)  # fmt: skip

HELP_THEN_MODULES = """
import sys
from wabot.cli.app import app
try:
    app(["--help"])
finally:
    print("MODULES", *sys.modules)
"""


def test_help_lists_the_commands_and_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP_THEN_MODULES],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown, _, modules = done.stdout.partition("MODULES ")
    assert all(f"  {name} " in shown and entry.help in shown for name, entry in COMMANDS.items())
    loaded = set(modules.split())
    assert loaded & {*HEAVY} == set()
    assert loaded & {entry.target.partition(":")[0] for entry in COMMANDS.values()} == set()


def test_the_version_is_the_installed_one() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"wabot {version('wabot')}\n")


@pytest.mark.parametrize("words", [[], ["tenant"]])
def test_without_a_command_the_help_is_shown(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Usage: {' '.join(['wabot', *words])}")
    assert "Commands:" in result.stderr
    assert "bug" not in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(name: str) -> None:
    result = CliRunner().invoke(app, [name, "-h"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Usage: wabot {name} ")
    # Plain text: what Rich draws gets cut in pipes.
    assert "│" not in result.stdout


def test_a_slip_in_a_command_is_answered_with_the_likely_one() -> None:
    result = CliRunner().invoke(app, ["tenants"])
    assert result.exit_code == 2
    assert "Did you mean 'tenant'?" in result.stderr
    assert "wabot --help" in result.stderr


def test_every_command_but_a_server_and_a_shell_can_answer_with_a_document() -> None:
    without = {
        path
        for name, entry in COMMANDS.items()
        for path, command in leaves(name, Deferred(name, entry).load())
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == {"serve", "simulate psql"}
