"""Where stops of sending are kept, so that every process and every restart knows them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from wabot.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class SendingPause:
    """A tenant's sending stands still; after `probe_in` one message may be tried."""

    client_id: UUID
    probes: int
    probe_in: timedelta


class PauseStore(Protocol):
    """The stops of sending of all tenants."""

    async def standing(self) -> list[SendingPause]:
        """Return all of them: there are few."""

    async def begin(
        self, tenant: Tenant, *, code: int | None, reason: str, message: str, probe_in: timedelta
    ) -> bool | None:
        """Stop a tenant's sending and raise the alert; tell whether it still went on before.

        None, and nothing is stopped, when the tenant has another token by now.
        """

    async def claim_probe(self, client_id: UUID, probes: int, probe_in: timedelta) -> bool:
        """Take the one try that is due after so many; false when somebody else has it."""

    async def probe_again(self, client_id: UUID, probe_in: timedelta) -> None:
        """Let the next try be due so soon: the last one said nothing of the cause."""

    async def end(self, client_id: UUID) -> bool:
        """Let sending go on and resolve the alert; false when it went on already."""

    async def wake(self, client_ids: Collection[UUID]) -> int:
        """Let what waits for these tenants fall due, oldest first, at the pace of their numbers."""

    async def wake_for_probes(self, client_ids: Collection[UUID]) -> int:
        """Let one waiting conversation of each of these tenants fall due."""
