"""Rows on a terminal: a table where it fits, else a block for each row; nothing is ever cut."""

import re
from collections.abc import Sequence
from textwrap import wrap

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

# What stands between two columns.
_BESIDE = 2
# Cells of about so many lines are still a table; prose in narrow columns is not.
_LINES = 3
# What somebody is to type is kept on one line, to be copied.
_COMMAND = "wabot "
_HOLDS_COMMAND = re.compile(rf"(?:^|[:;,`] ?){_COMMAND}")
# Prose is not broken into less, however narrow the terminal.
_NARROWEST = 20


def draw(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text."""
    cells = [[heading, *column] for heading, *column in zip(headings, *rows, strict=True)]
    needed = [max(map(_needed, column)) for column in cells]
    wanted = [max(map(cell_len, column)) for column in cells]
    room = console.width - _BESIDE * (len(headings) - 1)
    if sum(needed) > room or sum(wanted) > room * _LINES:
        _blocks(console, headings, rows)
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    for heading, width in zip(headings, _widths(needed, wanted, room), strict=True):
        table.add_column(heading, width=width)
    for row in rows:
        # Text, not str: a shop's name may hold what Rich takes for markup.
        shown: list[RenderableType] = [Text(cell) for cell in row]
        table.add_row(*shown)
    console.print(table)


def _needed(cell: str) -> int:
    """Return the width below which a cell would be cut."""
    if cell.startswith(_COMMAND):
        return cell_len(cell)
    return max(map(cell_len, cell.split()), default=0)


def _widths(needed: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Share the room out: to each what it needs, then to those that want little more."""
    widths = list(needed)
    spare = room - sum(widths)
    wanting = sorted(range(len(widths)), key=lambda place: wanted[place] - needed[place])
    for left, place in zip(range(len(wanting), 0, -1), wanting, strict=True):
        more = min(wanted[place] - needed[place], spare // left)
        widths[place] += more
        spare -= more
    return widths


def _blocks(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each field that is not empty, prose broken between words."""
    width = max(map(cell_len, headings), default=0)
    room = max(console.width - width - _BESIDE, _NARROWEST)
    for place, row in enumerate(rows):
        if place:
            console.print()
        for heading, cell in zip(headings, row, strict=True):
            if cell:
                text = f"\n{' ' * (width + _BESIDE)}".join(_broken(cell, room))
                line = Text.assemble((f"{heading:<{width}}  ", "bold"), text)
                console.print(line, soft_wrap=True)


def _broken(cell: str, room: int) -> list[str]:
    """Return the lines of a cell; one that holds a command is left to the terminal to break."""
    if _HOLDS_COMMAND.search(cell):
        return [cell]
    return wrap(cell, room, break_long_words=False, break_on_hyphens=False)
