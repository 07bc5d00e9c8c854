"""The error boundary: every failure has a message, a hint and its exit code."""

import asyncio
import inspect
import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from wabot import errors
from wabot.cli.errors import ErrorBoundary, exit_code
from wabot.cli.output import JsonOption, Output

TOKEN = "EAAGm0PX4ZCpsBAKZCZBhEr5aQZDZD"


def run(act: Callable[[], None], *words: str) -> Result:
    app = typer.Typer(cls=ErrorBoundary, name="wabot", rich_markup_mode=None)

    @app.callback()
    def root() -> None:
        """Hold commands."""

    @app.command()
    def act_(number: int = 0, json: JsonOption = False) -> None:
        act()

    app.registered_commands[0].name = "act"
    return CliRunner().invoke(app, ["act", *words])


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.WabotError) and kind is not errors.WabotError
]


def test_every_kind_of_error_has_an_exit_code() -> None:
    assert {kind for kind in KINDS if exit_code(kind("x")) not in {1, 2, 3, 4, 5}} == set()


def test_codes_of_errors_are_unique() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_an_own_error_is_message_and_hint_on_stderr() -> None:
    result = run(raising(errors.Conflict("The slug is taken.", hint="Choose another.")))
    assert result.exit_code == 4
    assert result.stderr == "Error: The slug is taken.\nHint: Choose another.\n"
    assert result.stdout == ""


def test_with_json_the_error_is_one_document_with_all_keys() -> None:
    error = errors.DatabaseUnavailable("No answer.", hint="Start it.", retryable=True)
    result = run(raising(error), "--json")
    assert result.exit_code == 5
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "ok": False,
        "error": {
            "code": "database_unavailable",
            "message": "No answer.",
            "hint": "Start it.",
            "retryable": True,
        },
    }


@pytest.mark.parametrize("words", [["--nope"], ["--number", "many"], ["extra"]])
def test_a_usage_error_points_to_the_help(words: list[str]) -> None:
    result = run(lambda: None, *words)
    assert result.exit_code == 2
    assert result.stderr.endswith("Hint: See: wabot act --help\n")
    as_json = run(lambda: None, *words, "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["error"]["code"] == "usage"


def test_an_own_error_inside_a_task_group_is_still_that_error() -> None:
    async def fail() -> None:
        raise errors.NotFound("No such shop.")

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    result = run(lambda: asyncio.run(work()))
    assert (result.exit_code, result.stderr) == (4, "Error: No such shop.\n")


def test_ctrl_c_is_130() -> None:
    assert run(raising(KeyboardInterrupt())).exit_code == 130
    result = run(raising(KeyboardInterrupt()), "--json")
    assert json.loads(result.stdout)["error"]["code"] == "interrupted"
    assert run(raising(typer.Abort())).exit_code == 130


def test_an_exit_code_of_a_command_is_kept() -> None:
    assert run(raising(typer.Exit(7))).exit_code == 7
    assert run(lambda: None).exit_code == 0


def test_a_bug_is_one_line_and_its_traceback_a_file_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WABOT_HOME", str(tmp_path))
    result = run(raising(RuntimeError(f"no luck with {TOKEN} of 5215512345678")))
    assert result.exit_code == 70
    assert TOKEN[3:] not in result.stderr
    message, hint = result.stderr.splitlines()
    assert message.startswith("Error: This is a bug in wabot: RuntimeError: no luck")
    file = Path(hint.removeprefix("Hint: The traceback is in "))
    assert file.parent == tmp_path / "logs"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "Traceback" in text
    assert "raise error" in text
    assert TOKEN[3:] not in text
    assert "5215512345678" not in text


def test_without_a_home_folder_the_traceback_goes_to_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WABOT_HOME", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run(raising(RuntimeError("no luck")), "--json")
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "bug"
    assert Path(error["hint"].removeprefix("The traceback is in ")).parent == tmp_path
    assert not (tmp_path / "missing").exists()


def test_a_home_folder_that_is_not_writable_does_not_hide_the_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    monkeypatch.setenv("WABOT_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run(raising(RuntimeError("no luck")))
    assert result.exit_code == 70
    assert "The traceback is in" in result.stderr


def test_a_broken_pipe_of_something_else_is_not_taken_for_a_closed_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WABOT_HOME", str(tmp_path))
    assert run(raising(BrokenPipeError(32, "Broken pipe"))).exit_code == 70


def test_a_reader_that_leaves_early_is_no_error() -> None:
    program = (
        "from wabot.cli.output import Output\nout = Output('x')\nwhile True: out.text('line')\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", f"import typer\n{_in_boundary(program)}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    assert writer.stdout.readline() == "line\n"
    writer.stdout.close()
    assert writer.wait(timeout=30) == 141
    assert writer.stderr.read() == ""
    writer.stderr.close()


def _in_boundary(program: str) -> str:
    body = "".join(f"    {line}\n" for line in program.splitlines())
    return (
        "from wabot.cli.errors import ErrorBoundary\n"
        "app = typer.Typer(cls=ErrorBoundary)\n"
        "@app.callback()\ndef root(): pass\n"
        f"@app.command()\ndef act():\n{body}"
        "app(['act'])\n"
    )


def test_output_of_a_failure_never_shows_a_secret() -> None:
    stderr = io.StringIO()
    Output("x", stderr=stderr).failed("bug", f"postgresql://me:hunter22@db {TOKEN}")
    assert stderr.getvalue() == "Error: postgresql://me:***@db EAA***\n"
