"""What `wabot deploy` wrote, read as systemd, Docker and compose read it."""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.main import get_group
from typer.testing import CliRunner, Result

from wabot.cli.app import app


def deploy(*words: str) -> Result:
    """Run `wabot deploy`."""
    return CliRunner().invoke(app, ["deploy", *words])


def unit(path: Path) -> dict[str, list[str]]:
    """Return the values of a unit by key, whatever the section: an empty one is kept."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, mark, value = line.partition("=")
            assert mark, line
            found[key].append(value)
    return found


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions with what they are given."""
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def health_check(path: Path) -> list[str]:
    """Return the command of a Dockerfile's health check."""
    (given,) = [rest for word, rest in instructions(path) if word == "HEALTHCHECK"]
    found: list[str] = json.loads(given.partition("CMD")[2])
    return found


def understood(words: Sequence[str]) -> dict[str, Any]:
    """Return the options of a command line as the command itself parses them; it is not run."""
    assert Path(words[0]).name == "wabot"
    command: Any = get_group(app)
    rest = list(words[1:])
    while rest and (commands := getattr(command, "commands", None)) is not None:
        found = commands[rest.pop(0)]
        command = found.load() if hasattr(found, "load") else found
    context = command.make_context(words[-1], rest)
    parameters: dict[str, Any] = context.params
    return parameters


def words_of(line: str) -> list[str]:
    """Return an ExecStart as a list, without the mark that lets it fail."""
    return shlex.split(line.removeprefix("-"))
