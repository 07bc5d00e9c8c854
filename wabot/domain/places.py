"""All places of a tenant: where it is, where it was, where it is being moved to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wabot.domain.placement import placement_from_config, placement_to_config
from wabot.domain.tenant import Placement, TenantStatus


@dataclass(frozen=True, slots=True)
class Move:
    """A move under way: where to, and the status that the tenant had before."""

    to: Placement
    status: TenantStatus


@dataclass(frozen=True, slots=True)
class Removal:
    """A deletion under way: the status before it; once `dropping`, there is no way back."""

    status: TenantStatus
    dropping: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """What `clients.db_connection_config` holds; `former` ones stand until they are dropped."""

    current: Placement
    former: tuple[Placement, ...] = ()
    move: Move | None = None
    removal: Removal | None = None

    @property
    def all(self) -> tuple[Placement, ...]:
        """Return the present place, the former ones, and the one of a move under way."""
        to = () if self.move is None else (self.move.to,)
        return (self.current, *self.former, *to)

    def moving(self, to: Placement, status: TenantStatus) -> "Places":
        """Return the same with a move that was begun."""
        return replace(self, move=Move(to, status))


def places_from_config(config: Mapping[str, Any]) -> Places:
    """Read every place that the configuration names."""
    move, removal = config.get("move"), config.get("removal")
    return Places(
        placement_from_config(config),
        tuple(placement_from_config(former) for former in config.get("former", ())),
        Move(placement_from_config(move["to"]), TenantStatus(move["status"])) if move else None,
        Removal(TenantStatus(removal["status"]), removal["dropping"]) if removal else None,
    )


def places_to_config(places: Places) -> dict[str, Any]:
    """Return the configuration to store."""
    config = placement_to_config(places.current)
    if places.former:
        config["former"] = [placement_to_config(former) for former in places.former]
    if places.move is not None:
        to = placement_to_config(places.move.to)
        config["move"] = {"to": to, "status": places.move.status.value}
    if places.removal is not None:
        status, dropping = places.removal.status.value, places.removal.dropping
        config["removal"] = {"status": status, "dropping": dropping}
    return config
