"""Statement texts of a tenant's tables, rendered for its placement.

Statements name tables in braces: `SELECT … FROM {orders}`. A name that no model has fails at
import; a statement that reaches PostgreSQL without a placement names a schema that exists nowhere.
"""

import re

from wabot.domain.tenant import Placement
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant import metadata

_TABLES = {table.name.removeprefix(TENANT_PREFIX_MARK) for table in metadata.sorted_tables}
_MARKED = re.compile(r"\{(\w+)\}")


class TenantStatement:
    """A statement over a tenant's tables."""

    __slots__ = ("_pieces", "text")

    def __init__(self, text: str) -> None:
        unknown = {name for name in _MARKED.findall(text) if name not in _TABLES}
        if unknown:
            raise ValueError(f"no tenant table is called {', '.join(sorted(unknown))}")
        self.text = _MARKED.sub(rf"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}\1", text)
        # Cut where schema and prefix belong; each piece but the first begins with a table's name.
        self._pieces = _MARKED.sub('\0\\1"', text).split("\0")

    def render(self, placement: Placement) -> str:
        """Return the text with the placement's schema and prefix.

        Joining costs less than looking a text up, and nothing is kept per tenant.
        """
        return f'"{placement.schema}"."{placement.prefix}'.join(self._pieces)
