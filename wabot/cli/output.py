"""All that commands print: data to stdout, talk to stderr, or one JSON document."""

import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, TextIO

import orjson
import typer

from wabot.logs import mask_secrets

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text.")
]

LinesOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Print JSON Lines instead of text: one as each shop ends, {ok, …} last."
    ),
]

# What the shell reports for a program that a closed pipe ended.
EXIT_PIPE_CLOSED = 141


def leave_closed_pipe(stream: TextIO) -> bool:
    """Tell whether nobody reads the stream any more; if so, what is still to be written is lost.

    Without that, the interpreter would complain when it flushes the stream at its end.
    """
    try:
        stream.flush()
    except BrokenPipeError:
        pass
    except (OSError, ValueError):
        return False
    if sys.platform != "win32":
        watch = select.poll()
        watch.register(stream.fileno(), 0)
        if not any(event & select.POLLERR for _, event in watch.poll(0)):
            return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return True


def leave_full_output(stream: TextIO) -> None:
    """Drop what the stream holds if it cannot be written: not tried again as the program ends."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Output:
    """Print for one command. End with exactly one of `table`, `record`, `done`; `warn` goes before.

    With json, that last call prints `{"ok": true, "command", "data", "warnings", "next"}`; after
    `found` it is `"ok": false`, with an error beside the data.
    """

    def __init__(
        self,
        command: str,
        *,
        json: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.command = command
        self.json = json
        self._stdout = sys.stdout if stdout is None else stdout
        self._stderr = sys.stderr if stderr is None else stderr
        self._warnings: list[str] = []
        self._finding: tuple[str, str] | None = None

    @property
    def on_terminal(self) -> bool:
        """Tell whether a person reads stdout."""
        return not self.json and self._stdout.isatty()

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, next: Sequence[str] = ()
    ) -> None:
        """Print rows; columns are JSON keys, shown as headings on a terminal only.

        Where a terminal is too narrow for a table, each row is a block of lines.
        """
        if self.json:
            self._document([dict(zip(columns, row, strict=True)) for row in rows], next)
            return
        if self.on_terminal:
            self._rich_table(columns, rows)
        elif rows:
            # At once: thousands of rows need not be flushed one by one.
            self._write("\n".join("\t".join(map(_cell, row)) for row in rows))
        self._suggest(next)

    def record(self, data: dict[str, Any], *, next: Sequence[str] = ()) -> None:
        """Print one thing's fields, a line each."""
        if self.json:
            self._document(data, next)
            return
        width = max((len(_heading(key)) for key in data), default=0)
        for key, value in data.items():
            text = _cell(value)
            line = f"{_heading(key):<{width}}  {text}" if self.on_terminal else f"{key}\t{text}"
            self._write(line.rstrip(" "))
        self._suggest(next)

    def done(self, message: str, *, data: Any = None, next: Sequence[str] = ()) -> None:
        """Say what changed (talk); `data` is what the document carries."""
        if self.json:
            self._document(data, next)
            return
        self.note(message)
        self._suggest(next)

    def line(self, event: Any) -> None:
        """Print one line of a JSON Lines stream."""
        self._write(_json(event))

    def text(self, text: str) -> None:
        """Print data that is text by nature."""
        self._write(text)

    def styled(self, *parts: tuple[str, str]) -> None:
        """Print a line of data to a terminal, each part in a style of its own."""
        from rich.console import Console
        from rich.text import Text

        masked = [(mask_secrets(text), style) for text, style in parts]
        Console(file=self._stdout, highlight=False).print(Text.assemble(*masked), soft_wrap=True)

    def can_write(self, text: str) -> bool:
        """Tell whether the encoding of stdout has these signs."""
        try:
            text.encode(self._stdout.encoding or "ascii")
        except UnicodeEncodeError:
            return False
        return True

    def note(self, message: str) -> None:
        """Talk to the operator; nothing with json."""
        if not self.json:
            self._talk("", "", message)

    def warn(self, message: str) -> None:
        """Tell what deserves attention; with json it stands in the document."""
        self._warnings.append(message)
        if not self.json:
            self._talk("Warning: ", "yellow", message)

    def found(self, message: str, hint: str = "") -> None:
        """Let the document say what was found wrong; the command exits with 1 after it."""
        self._finding = message, hint

    def failed(
        self, code: str, message: str, *, hint: str = "", retryable: bool = False, instead: str = ""
    ) -> None:
        """Explain a failure: commands raise an error, the error boundary calls this.

        `instead` is what people get to read: a help page.
        """
        if self.json:
            self._write(_json({"ok": False, "error": _error(code, message, hint, retryable)}))
            return
        if instead:
            self._talk("", "", instead)
            return
        self._talk("Error: ", "bold red", message)
        if hint:
            self._talk("Hint: ", "cyan", hint)

    @contextmanager
    def progress(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show a bar while the block runs, on a terminal only; call the result to advance."""
        if self.json or not self._stderr.isatty():
            yield lambda _steps: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(file=self._stderr), transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda steps: bar.advance(task, steps)

    def _suggest(self, next: Sequence[str]) -> None:
        for command in next:
            self._talk("next: ", "dim", command)

    def _document(self, data: Any, next: Sequence[str]) -> None:
        error = {"error": _error("finding", *self._finding)} if self._finding else {}
        self._write(
            _json(
                {
                    "ok": not error,
                    **error,
                    "command": self.command,
                    "data": data,
                    "warnings": self._warnings,
                    "next": list(next),
                }
            )
        )

    def _rich_table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        from rich.console import Console

        from wabot.cli.tables import draw

        shown = [[mask_secrets(_cell(value)) for value in row] for row in rows]
        draw(Console(file=self._stdout, highlight=False), [*map(_heading, columns)], shown)

    def _talk(self, label: str, style: str, message: str) -> None:
        message = mask_secrets(message)
        if not self._stderr.isatty():
            self._stderr.write(f"{label}{message}\n")
            self._stderr.flush()
            return
        from rich.console import Console
        from rich.text import Text

        console = Console(file=self._stderr, highlight=False)
        console.print(Text.assemble((label, style), message), soft_wrap=True)

    def _write(self, text: str) -> None:
        try:
            self._stdout.write(mask_secrets(text) + "\n")
            self._stdout.flush()
        except BrokenPipeError:
            # Else Python tries to flush the rest at exit and complains.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stdout.fileno())
            raise typer.Exit(EXIT_PIPE_CLOSED) from None


def plain(value: Any) -> Any:
    """Return a moment as text, to the second; anything else as it is."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _error(code: str, message: str, hint: str = "", retryable: bool = False) -> dict[str, Any]:
    return {"code": code, "message": message, "hint": hint, "retryable": retryable}


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half of an emoji, or a number beyond 64 bits
        return json.dumps(value, default=str)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split()) if isinstance(value, str) else str(value)


def _heading(column: str) -> str:
    return column.replace("_", " ")
