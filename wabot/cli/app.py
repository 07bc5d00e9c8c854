"""The root command. A noun's module is imported when it is used, never for `wabot --help`."""

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_group

from wabot.cli.errors import ErrorBoundary


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is (`module:attribute`, a Typer app or a function) and its line of help."""

    target: str
    help: str


COMMANDS = {
    "init": Entry("wabot.cli.init:init", "Write the .env and make the central database."),
    "tenant": Entry("wabot.cli.tenant.app:app", "Create shops and look at them."),
    "catalog": Entry("wabot.cli.catalog:app", "Look at what a shop sells, and change it."),
    "plan": Entry(
        "wabot.cli.plan.app:app", "Look at plans, what shops use of them, and agree apart."
    ),
    "check": Entry("wabot.cli.check.app:app", "Check that everything is as it should be."),
    "serve": Entry("wabot.cli.serve:serve", "Receive WhatsApp's webhooks and answer customers."),
    "keys": Entry("wabot.cli.keys:app", "Make, list and replace the master keys."),
    "inbox": Entry("wabot.cli.inbox:app", "Look at events that wait or failed; try them again."),
    "alerts": Entry("wabot.cli.alerts:app", "See what is wrong; try, send and silence alerts."),
    "audit": Entry("wabot.cli.audit:app", "Look up who did what, and when."),
    "trace": Entry("wabot.cli.trace:trace", "Tell what happened to a message or an order."),
    "simulate": Entry("wabot.cli.simulation.app:app", "Try everything out without WhatsApp."),
    "db": Entry("wabot.cli.db:app", "Migrate the central database and look at its state."),
    "deploy": Entry("wabot.cli.deploy:app", "Write files for systemd, Docker or compose."),
}


def _kept_settings(address: str) -> Mapping[str, str]:
    from wabot.gateways.aws.settings import fetch_settings

    return fetch_settings(address)


class Deferred(TyperCommand):
    """Stand in a list of commands for one whose module is imported when its arguments come."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.help, rich_markup_mode=None)
        self._entry = entry

    def load(self) -> Any:
        """Import the command; return what Typer makes of it."""
        from wabot.config.sources import use_source

        use_source(_kept_settings)
        module, _, attribute = self._entry.target.partition(":")
        found = getattr(import_module(module), attribute)
        holder = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=self.name, help=self._entry.help, no_args_is_help=True)
        else:
            holder.command(self.name)(found)
        return get_group(holder).commands[self.name or ""]

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Parse the arguments with the real command: its context carries on from here."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


class Root(ErrorBoundary):
    """List the commands without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(Deferred(name, entry))


# Plain help: Rich would draw boxes and cut cells in pipes, and costs more than all the rest.
app = typer.Typer(
    cls=Root,
    name="wabot",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"wabot {version('wabot')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Automated WhatsApp ordering for many local shops."""


def _open_what_is_closed() -> None:
    """Fill the standard streams that the shell closed (`>&-`): Python leaves them None.

    Else a connection would get such a number, and what is printed would go to its other end.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is not None:
            continue
        # The lowest free number is the closed one. Data that nobody can get fails to be written;
        # talk is lost.
        flags = os.O_WRONLY if name == "stderr" else os.O_RDONLY
        opened = os.open(os.devnull, flags)
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, os.fdopen(opened, mode, encoding="utf-8", closefd=False))


def main() -> None:
    """Run the command line and exit with its code."""
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A customer's name may hold what the terminal's encoding lacks: show it escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    app()
