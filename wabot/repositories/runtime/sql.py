"""Statement texts of a tenant's tables, rendered once per placement.

Statements name tables in braces: `SELECT … FROM {orders}`. A name that no model has fails at
import; a statement that reaches PostgreSQL without a placement names a schema that exists nowhere.
"""

import re
from functools import lru_cache

from wabot.domain.tenant import Placement
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant import metadata

_TABLES = {table.name.removeprefix(TENANT_PREFIX_MARK) for table in metadata.sorted_tables}
_MARKED = re.compile(r"\{(\w+)\}")


class TenantStatement:
    """A statement over a tenant's tables."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        unknown = {name for name in _MARKED.findall(text) if name not in _TABLES}
        if unknown:
            raise ValueError(f"no tenant table is called {', '.join(sorted(unknown))}")
        self.text = _MARKED.sub(rf"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}\1", text)

    def render(self, placement: Placement) -> str:
        """Return the text with the placement's schema and prefix."""
        return _render(self.text, placement.schema, placement.prefix)


@lru_cache(maxsize=20_000)
def _render(text: str, schema: str, prefix: str) -> str:
    marked = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}"
    return re.sub(rf"{re.escape(marked)}(\w+)", rf'"{schema}"."{prefix}\1"', text)
