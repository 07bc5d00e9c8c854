"""The text of a `.env`: made, or completed without touching what stands there."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from wabot.errors import ConfigurationError

_PLAIN = re.compile(r"[\w./:@%+=,?&~-]*")


def read(path: Path) -> tuple[dict[str, str], tuple[int, ...]]:
    """Return what the file sets, and the numbers of the lines that set nothing and should.

    Values are taken as they stand, as systemd's EnvironmentFile does: a password may hold a dollar
    sign.
    """
    from dotenv.parser import parse_stream

    if not path.is_file():
        return {}, ()
    with path.open(encoding="utf-8") as file:
        lines = list(parse_stream(file))
    found = {line.key: line.value for line in lines if line.key and line.value is not None}
    broken = [
        line.original.line
        for line in lines
        if line.error or (line.key is not None and line.value is None)
    ]
    return found, tuple(broken)


def completed(text: str, values: Mapping[str, str]) -> str:
    """Return the text with these settings, in the place that is left for each or at the end."""
    for name, value in values.items():
        line = f"{name}={_quoted(value)}"
        place = rf"^(?:export[ \t]+)?{re.escape(name)}[ \t]*=[ \t]*(?:''|\"\")?[ \t]*$"
        left = re.search(place, text, re.MULTILINE)
        if left is not None:
            text = text[: left.start()] + line + text[left.end() :]
        else:
            end = "" if not text or text.endswith("\n") else "\n"
            text = f"{text}{end}{line}\n"
    return text


def write(path: Path, text: str) -> None:
    """Write the file in one step, for its owner alone."""
    try:
        before = path.stat() if path.exists() else None
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f"{path.name}.", delete=False
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o600)
        if before is not None and hasattr(os, "geteuid") and os.geteuid() == 0:
            # Made by root for the user who serves: it stays that user's.
            os.chown(file.name, before.st_uid, before.st_gid)
        Path(file.name).replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Run this in a folder that this user may write, or as the user who serves.",
        ) from error


def _quoted(value: str) -> str:
    """Write a value as python-dotenv and systemd's EnvironmentFile both read it.

    Between single quotes systemd knows no escapes; between double ones both take these two.
    """
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
