"""When checks beside the servers are due, and what failed, whichever process made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Due:
    """A group's checks that fell due: of the installation, of a machine, or of a shop."""

    key: str
    group: str
    slug: str = ""
    client_id: UUID | None = None


class CheckStates(Protocol):
    """Shared by all processes of an installation."""

    async def claim(self, keys: Mapping[str, timedelta]) -> list[str]:
        """Take those of the keys that are due; nobody else gets them until their time is over."""
        ...

    async def claim_shops(self, group: str, every: timedelta, *, most: int) -> list[Due]:
        """Take a group's checks of shops that are due, those longest due first."""
        ...

    async def keep(self, problems: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Keep what is wrong now, by key."""
        ...

    async def problems(self, host: str) -> list[dict[str, Any]]:
        """Return what is wrong with the installation and with that machine, shops left out."""
        ...
