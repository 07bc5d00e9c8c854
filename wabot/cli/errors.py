"""The one place where a failure becomes a message and an exit code."""

import errno
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from wabot.errors import (
    ConfigurationError,
    ExternalFailure,
    Finding,
    InvalidInput,
    Overloaded,
    Refused,
    WabotError,
)

EXIT_CODES: tuple[tuple[type[WabotError], int], ...] = (
    (Finding, 1),
    (InvalidInput, 2),
    (ConfigurationError, 3),
    (Refused, 4),
    (ExternalFailure, 5),
    (Overloaded, 5),
)
EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class ErrorBoundary(TyperGroup):
    """Let nothing but SystemExit out: own errors are explained, bugs leave a file."""

    _json = False

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 - the boundary always exits
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run and exit; errors in the root's own arguments end here too."""
        words = list(sys.argv[1:] if args is None else args)
        # Read before parsing: a usage error is to be a document as well.
        self._json = "--json" in words
        try:
            code = super().main(
                args=words,
                prog_name=prog_name or "wabot",
                complete_var=complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except (Exception, KeyboardInterrupt) as error:
            code = report(error, json=self._json)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever it raises becomes its exit code."""
        try:
            super().invoke(ctx)
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            raise typer.Exit(report(error, json=self._json)) from error


def exit_code(error: WabotError) -> int:
    """Return the exit code of a kind of error."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_BUG)


def report(error: BaseException, *, json: bool) -> int:
    """Explain the error to the operator and return the exit code."""
    # Here and not above: `wabot --help` needs none of it.
    from wabot.cli.output import EXIT_PIPE_CLOSED, Output, leave_closed_pipe, leave_full_output

    if isinstance(error, BrokenPipeError) and leave_closed_pipe(sys.stdout):
        return EXIT_PIPE_CLOSED
    out = Output("", json=json)
    error = _own_error_within(error)
    if isinstance(error, WabotError):
        out.failed(error.code, error.message, hint=error.hint, retryable=error.retryable)
        return exit_code(error)
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        # By name, as Typer itself does: the class is not public.
        if type(error).__name__ == "NoArgsIsHelpError":
            out.failed("usage", "A command is missing.", instead=error.message)
            return EXIT_USAGE
        path = context.command_path if context else "wabot"
        out.failed("usage", error.format_message(), hint=f"See: {path} --help")
        return EXIT_USAGE
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        out.failed("interrupted", "Interrupted.")
        return EXIT_INTERRUPTED
    from wabot.cli.crash import write_crash_file

    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EBADF}:
        leave_full_output(sys.stdout)
        out.failed("output", f"The output cannot be written: {error.strerror}")
        return EXIT_CODES[-1][1]
    out.failed(
        "bug",
        f"This is a bug in wabot: {type(error).__name__}: {error}",
        hint=f"The traceback is in {write_crash_file(error)}",
    )
    return EXIT_BUG


def _own_error_within(error: BaseException) -> BaseException:
    """Return the first own error of a task group's exception group, else the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            found = _own_error_within(inner)
            if isinstance(found, (WabotError, KeyboardInterrupt)):
                return found
    return error
