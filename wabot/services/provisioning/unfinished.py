"""What was begun with a tenant and did not end, and what ends it."""

from collections.abc import Callable
from shlex import quote

from wabot.domain.places import Places
from wabot.domain.tenant import Placement, TenantStatus


def finish_move(slug: str, to: Placement) -> str:
    """Return the command that goes on with a move to that place."""
    words = f"wabot tenant move {slug} --isolation {to.isolation.value}"
    if to.server:
        words += f" --database-url {quote(f'{to.server} dbname={to.database}')}"
    return words


def remedies(slug: str, status: TenantStatus, places: Places) -> tuple[str, ...]:
    """Return the commands of which any ends what is under way; empty where nothing is."""
    found = _REMEDIES.get(status)
    return found(slug, places) if found else ()


def _of_creation(slug: str, _places: Places) -> tuple[str, ...]:
    return ("repeat the command that created it", f"wabot tenant delete {slug}")


def _of_move(slug: str, places: Places) -> tuple[str, ...]:
    again = (finish_move(slug, places.move.to),) if places.move else ()
    return (*again, f"wabot tenant move {slug} --cancel")


def _of_deletion(slug: str, places: Places) -> tuple[str, ...]:
    back = () if places.removal and places.removal.dropping else (f"{_DELETE} {slug} --cancel",)
    return (f"{_DELETE} {slug}", *back)


_DELETE = "wabot tenant delete"
_REMEDIES: dict[TenantStatus, Callable[[str, Places], tuple[str, ...]]] = {
    TenantStatus.PROVISIONING: _of_creation,
    TenantStatus.MOVING: _of_move,
    TenantStatus.DELETING: _of_deletion,
}
