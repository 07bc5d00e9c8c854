"""Questions to the operator. Without a terminal they fail and name the option that answers."""

import getpass
import sys
from pathlib import Path

import typer

from wabot.errors import InvalidInput

_SECRET_LIMIT = 64 * 1024


def read_secret(
    source: str | None, *, option: str, prompt: str, may_hold_spaces: bool = False
) -> str:
    """Read a secret from a file, from stdin (`-`), or by a hidden prompt.

    `source` is what the operator gave as `option`; None asks. One that `may_hold_spaces` is a
    line, and loses nothing but the line's end.
    """
    if source is not None and source != "-":
        found = _read_file(source, option)
    elif sys.stdin.isatty():
        found = getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    elif source == "-":
        found = sys.stdin.read(_SECRET_LIMIT)
    else:
        raise InvalidInput(
            f"{prompt} is needed and there is no terminal to ask for it.",
            hint=f"Give {option} PATH, or {option} - and pipe it in.",
        )
    found = found.rstrip("\r\n") if may_hold_spaces else found.strip()
    parts = found.splitlines() if may_hold_spaces else found.split()
    if len(parts) != 1:
        many = "holds more than one " + ("line" if may_hold_spaces else "word")
        what = many if parts else "is empty"
        raise InvalidInput(f"{prompt} {what}.", hint=f"{option} takes the secret and nothing else.")
    return found


def ask(question: str, *, hidden: bool = False) -> str:
    """Ask for a word on the terminal; Enter alone leaves it empty, and so does no terminal."""
    if not sys.stdin.isatty():
        return ""
    if hidden:
        return getpass.getpass(f"{question}: ", stream=sys.stderr).strip()
    answer: str = typer.prompt(question, err=True, default="", show_default=False)
    return answer.strip()


def _read_file(path: str, option: str) -> str:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            return file.read(_SECRET_LIMIT)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise InvalidInput(f"{option} {path} cannot be read: {reason}") from error


def confirm(question: str, *, option: str, given: bool = False) -> bool:
    """Ask yes or no on the terminal; `given` is the option that answers yes in advance."""
    if given:
        return True
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"{question} There is no terminal to ask.", hint=f"Give {option} to answer yes."
        )
    return typer.confirm(question, err=True)


def confirm_slug(slug: str, consequence: str, *, given: str | None = None) -> str:
    """Return what the operator typed for a severe act; `given` is --confirm's."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"{consequence} There is no terminal to confirm it.", hint=f"Give --confirm {slug}."
        )
    typed: str = typer.prompt(
        f"{consequence} Type {slug} to go on", err=True, default="", show_default=False
    )
    return typed.strip()
