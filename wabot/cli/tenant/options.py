"""Arguments and options that several commands about tenants share."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from wabot.errors import InvalidInput

Slug = Annotated[str, typer.Argument(help="Short name: a-z, digits, hyphens, 2 to 40 characters.")]

PLAYED_ON_A_COPY = "A conversation is simulated on a copy of it: the shop stays as it is."

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything, show what would be done.")
]

TemplateDir = Annotated[
    Path | None,
    typer.Option(
        "--template-dir",
        metavar="DIR",
        help="Your own templates, over WABOT_TEMPLATE_DIR. It holds code that will be run.",
        show_default=False,
    ),
]

ExportTo = Annotated[
    str | None,
    typer.Option(
        metavar="DIR|s3://…",
        help="Where the shop's export goes; by default WABOT_BACKUPS, else WABOT_HOME/exports.",
    ),
]

NewNumber = Annotated[
    str, typer.Option("--phone-number-id", help="The new shop's number, by the id that Meta shows.")
]
TokenFile = Annotated[
    str | None,
    typer.Option(metavar="PATH|-", help="File with the new access token; - reads it from stdin."),
]


def check_whom(command: str, named: object, all_: bool) -> None:
    """Refuse a command that is told neither a shop nor --all, or both."""
    if bool(named) == all_:
        raise InvalidInput(
            "a shop's name and --all exclude each other"
            if named
            else "name the shop, or say --all",
            hint=f"wabot {command} SLUG, or: wabot {command} --all."
            " See the shops with: wabot tenant list",
        )


def duration(text: str, option: str, *, or_none: bool = False) -> timedelta:
    """Read a length of time like 12h or 7d that was given to the option; 0 where none may be."""
    from wabot.domain.settings import SettingKind, parse_setting

    if or_none and text.strip() == "0":
        return timedelta(0)
    try:
        length: timedelta = parse_setting(SettingKind.DURATION, text)
    except ValueError as error:
        raise InvalidInput(f"{option} {error}, unlike {text!r}") from None
    return length
