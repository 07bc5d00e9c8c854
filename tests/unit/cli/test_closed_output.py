"""Nobody reads stdout any more, or it is full: no bug, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from wabot.cli import main; main()"]


@pytest.mark.parametrize("words", [["tenant", "--help"], ["--version"]])
def test_a_closed_pipe_ends_the_command_quietly(words: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(60)
    assert said == b""
    # Typer ends some of them itself, with 1.
    assert code in {1, 141}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "--version"], check=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 5
    assert done.stderr.decode().splitlines() == [
        "Error: The output cannot be written: No space left on device"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="closes by a POSIX shell")
@pytest.mark.parametrize("json", ["", "--json"])
def test_an_output_that_was_closed_before_the_start_is_told(json: str) -> None:
    command = f"{sys.executable} -c 'from wabot.cli import main; main()' tenant template list"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} {json} >&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert json or "cannot be written" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="closes by a POSIX shell")
def test_talk_that_nobody_can_read_is_no_failure() -> None:
    command = f"{sys.executable} -c 'from wabot.cli import main; main()' tenant template list"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} 2>&- <&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "abarrotes" in done.stdout
