"""Tables that somebody made by hand in a tenant's place: no copy of the tenant can have them."""

from collections.abc import Iterable, Sequence

from wabot.domain.migration import BASE
from wabot.errors import Refused
from wabot.repositories.provisioning.migration_line import MigrationLine


def refuse_handmade(
    line: MigrationLine, modules: Sequence[str], tables: Iterable[str], of: str
) -> None:
    """Refuse tables that no revision makes; `of` says whose they are."""
    known = {table for module in (BASE, *modules) for table in line.tables(module)}
    found = sorted(set(tables) - known)
    if found:
        raise Refused(
            f"{of} has tables that no revision makes: {', '.join(found)}; nothing was changed",
            hint="A copy would lose them. Move them to a schema outside the shop's, or let a"
            " template's or module's revision make them.",
        )
