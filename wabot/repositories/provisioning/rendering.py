"""Statements written for the sentinel schema and prefix, rendered for one tenant's placement."""

from wabot.domain.tenant import Placement
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK

# Every tenant object carries both marks together, so no literal is ever taken for a schema name.
_QUALIFIED = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}"


def quoted(name: str) -> str:
    """Return the name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def render(statement: str, placement: Placement) -> str:
    """Put the tenant's schema and prefix in place of the marks."""
    qualified = f"{quoted(placement.schema)}.{placement.prefix}"
    return statement.replace(_QUALIFIED, qualified).replace(TENANT_PREFIX_MARK, placement.prefix)
