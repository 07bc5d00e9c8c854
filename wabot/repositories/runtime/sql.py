"""Statement texts of a tenant's tables, rendered for its placement.

Statements name tables in braces: `SELECT … FROM {orders}`. A name that no model has fails at
import; a statement that reaches PostgreSQL without a placement names a schema that exists nowhere.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from wabot.domain.tenant import Placement
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant import metadata

Literal = Callable[[Any], str]

_TABLES = {table.name.removeprefix(TENANT_PREFIX_MARK) for table in metadata.sorted_tables}
_TABLE = re.compile(r"\{(\w+)\}")
_PARAMETER = re.compile(r"%\((\w+)\)s")


class Statement:
    """A statement whose parameters, `%(name)s`, become literals of its text.

    With a name it can be prepared: its text is the same for every tenant.
    """

    __slots__ = ("_names", "_order", "_pieces", "name", "text")

    def __init__(self, text: str, name: str = "") -> None:
        self.text, self.name = text, name
        # Odd places hold the names: what a compiled template is to a template.
        pieces = _PARAMETER.split(text)
        self._pieces, self._names = pieces[0::2], pieces[1::2]
        self._order = list(dict.fromkeys(self._names))

    def bind(self, values: Mapping[str, Any], literal: Literal) -> str:
        """Return the text with its values, each made a literal once."""
        quoted = {name: literal(values[name]) for name in self._order}
        return _woven(self._pieces, [quoted[name] for name in self._names])

    def preparation(self) -> str:
        """Return what prepares it on a connection."""
        places = [f"${self._order.index(name) + 1}" for name in self._names]
        return f"PREPARE {self.name} AS {_woven(self._pieces, places)}"

    def call(self, values: Mapping[str, Any], literal: Literal) -> str:
        """Return what runs it on a connection where it is prepared."""
        given = ", ".join(literal(values[name]) for name in self._order)
        return f"EXECUTE {self.name}({given})" if given else f"EXECUTE {self.name}"


class TenantStatement:
    """A statement over a tenant's tables, cut where schema, prefix and values belong."""

    __slots__ = ("_names", "_pieces", "text")

    def __init__(self, text: str) -> None:
        unknown = {name for name in _TABLE.findall(text) if name not in _TABLES}
        if unknown:
            raise ValueError(f"no tenant table is called {', '.join(sorted(unknown))}")
        self.text = _TABLE.sub(rf"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}\1", text)
        pieces = _PARAMETER.split(text)
        self._names = pieces[1::2]
        # Each part but the first of a piece begins with a table's name.
        self._pieces = [_TABLE.sub('\0\\1"', piece).split("\0") for piece in pieces[0::2]]

    def render(self, placement: Placement) -> str:
        """Return the text with the placement's schema and prefix, its parameters still open.

        Joining costs less than looking a text up, and nothing is kept per tenant.
        """
        return _woven(self._placed(placement), [f"%({name})s" for name in self._names])

    def bind(self, placement: Placement, values: Mapping[str, Any], literal: Literal) -> str:
        """Return the text with schema, prefix and values, each value made a literal once."""
        quoted = {name: literal(values[name]) for name in dict.fromkeys(self._names)}
        return _woven(self._placed(placement), [quoted[name] for name in self._names])

    def _placed(self, placement: Placement) -> list[str]:
        place = f'"{placement.schema}"."{placement.prefix}'
        return [place.join(piece) for piece in self._pieces]


def _woven(pieces: list[str], between: list[str]) -> str:
    woven = [pieces[0]]
    for value, piece in zip(between, pieces[1:], strict=True):
        woven += (value, piece)
    return "".join(woven)
