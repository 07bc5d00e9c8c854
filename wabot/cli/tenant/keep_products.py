"""Which products stay active where a smaller plan allows fewer: from a file, a list, a person."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wabot.errors import InvalidInput

if TYPE_CHECKING:
    from wabot.services.provisioning.catalog import CatalogProduct

_NUMBERS = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")


def read_kept(given: str) -> list[str]:
    """Return skus or names from a file, the first cell of each line, or from between commas."""
    path = Path(given).expanduser()
    if "," in given or not path.is_file():
        found = [name.strip() for name in given.split(",") if name.strip()]
    else:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"--keep-products {given} is no file of UTF-8 text") from error
        cells = [re.split(r"[,;\t]", line, maxsplit=1)[0].strip().strip('"') for line in lines]
        found = [cell for cell in cells if cell and cell.casefold() != "sku"]
    if not found:
        raise InvalidInput(f"--keep-products {given} names no product")
    return found


def choose_kept(products: "Sequence[CatalogProduct]", allowed: int) -> list[str] | None:
    """Ask which products stay; None where nobody is there to ask."""
    if not _is_person_there():
        return None
    for number, product in enumerate(products, 1):
        typer.echo(f"{number:>5}  {product.sku:<12} {product.name}", err=True)
    while True:
        question = f"Which stay active, at most {allowed:,}? Like 1-20,25"
        words = typer.prompt(question, err=True, default="", show_default=False)
        try:
            chosen = _chosen(words, len(products))
        except ValueError as error:
            typer.echo(str(error), err=True)
            continue
        if len(chosen) <= allowed:
            return [products[number - 1].sku or products[number - 1].name for number in chosen]
        typer.echo(f"That are {len(chosen):,}, {len(chosen) - allowed:,} too many.", err=True)


def _is_person_there() -> bool:
    return sys.stdin.isatty()


def _chosen(words: str, most: int) -> list[int]:
    chosen: dict[int, None] = {}
    for part in filter(None, re.split(r"[,\s]+", words)):
        match = _NUMBERS.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no number like 25 and no range like 1-20.")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= most:
            raise ValueError(f"{part}: the numbers go from 1 to {most}.")
        chosen |= dict.fromkeys(range(first, last + 1))
    if not chosen:
        raise ValueError("Name at least one; Ctrl-C leaves everything as it is.")
    return list(chosen)
