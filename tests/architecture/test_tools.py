"""The static checks, run as everybody runs them by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT


def _run(tool: str, *arguments: str) -> None:
    # The tools beside this interpreter: never whatever the PATH happens to name.
    command = [str(Path(sys.executable).parent / tool), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"


def test_ruff_finds_nothing() -> None:
    _run("ruff", "check", "--no-cache", ".")


def test_the_code_is_formatted() -> None:
    _run("ruff", "format", "--check", "--no-cache", ".")


@pytest.mark.timeout(600)
def test_mypy_strict_finds_nothing() -> None:
    _run("mypy")


def test_imports_point_inwards() -> None:
    _run("lint-imports", "--no-cache", "--no-logo")
