"""`wabot check`: is everything as it should be, and what repairs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from wabot.cli.output import JsonOption
from wabot.cli.tenant.options import Slug
from wabot.container.checks import GROUPS

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="ID", help="Only this check or category; several: ID,ID."),
]
Slugs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SLUG]...", help="Which shops; without any, all that are active."),
]
Problems = Annotated[
    bool, typer.Option("--problems", help="Show only what is not as it should be.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings as well.")]
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        min=0,
        metavar="SECONDS",
        help="Repeat what failed until it is good, for so long at most.",
        show_default=False,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", min=0.1, metavar="SECONDS", help="Give each check so long.", show_default=False
    ),
]

_OF_ONE_SHOP = ("tenant", "whatsapp")

app = typer.Typer(rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator wants of a run of checks."""

    command: str
    groups: tuple[str, ...]
    only: tuple[str, ...] = ()
    slugs: tuple[str, ...] | None = None
    problems: bool = False
    strict: bool = False
    wait: float = 0.0
    timeout: float | None = None
    json: bool = False


def _names(only: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for given in only or () for name in given.split(","))


def _run(asked: Asked) -> None:
    from wabot.cli.check.run import run

    run(asked)


@app.command()
def env(  # noqa: PLR0917 - a command's options
    only: Only = None,
    problems: Problems = False,
    strict: Strict = False,
    wait: Wait = 0.0,
    timeout: Timeout = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a commented .env with every setting instead.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check every setting and the .env file; no network is needed."""
    if example:
        from wabot.cli.output import Output
        from wabot.config import env_example

        out = Output("check env", json=json)
        if json:
            out.done("", data={"example": env_example()})
        else:
            # As it is: what looks like a password there is a sample.
            typer.echo(env_example(), nl=False)
        return
    chosen = _names(only)
    _run(Asked("check env", ("env",), chosen, None, problems, strict, wait, timeout, json))


def _command(name: str, help_: str, groups: tuple[str, ...]) -> Callable[..., None]:
    def check(  # noqa: PLR0917 - a command's options
        only: Only = None,
        problems: Problems = False,
        strict: Strict = False,
        wait: Wait = 0.0,
        timeout: Timeout = None,
        json: JsonOption = False,
    ) -> None:
        chosen = _names(only)
        _run(Asked(f"check {name}", groups, chosen, None, problems, strict, wait, timeout, json))

    check.__doc__ = help_
    return check


@app.command()
def whatsapp(  # noqa: PLR0917 - a command's options
    slugs: Slugs = None,
    only: Only = None,
    problems: Problems = False,
    strict: Strict = False,
    wait: Wait = 0.0,
    timeout: Timeout = None,
    json: JsonOption = False,
) -> None:
    """Check shops at Meta: token, number, account, subscription, templates."""
    chosen, shops = _names(only), tuple(slugs) if slugs else None
    _run(
        Asked("check whatsapp", ("whatsapp",), chosen, shops, problems, strict, wait, timeout, json)
    )


@app.command()
def tenant(  # noqa: PLR0917 - a command's options
    slug: Slug,
    only: Only = None,
    problems: Problems = False,
    strict: Strict = False,
    wait: Wait = 0.0,
    timeout: Timeout = None,
    json: JsonOption = False,
) -> None:
    """Check one shop: its tables, its secrets, its sending, its number and token."""
    groups = tuple(name for name in _OF_ONE_SHOP if name in GROUPS)
    chosen = _names(only)
    _run(Asked("check tenant", groups, chosen, (slug,), problems, strict, wait, timeout, json))


for _name, _group in GROUPS.items():
    if _name not in {"env", "whatsapp", "tenant"}:
        app.command(_name)(_command(_name, _group.help, (_name,)))
app.command("all")(_command("all", "Check everything, shop by shop as well.", tuple(GROUPS)))
