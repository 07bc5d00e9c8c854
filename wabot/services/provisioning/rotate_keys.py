"""Re-encrypt every stored secret under the present master key, while servers run."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from wabot.domain.counted import counted
from wabot.errors import ConfigurationError, DecryptionFailed

_BATCH = 200
_PASSES = 20
_PAUSE = 0.5

Usage = Mapping[str, Mapping[str, int]]
"""How many secrets of each kind stand under each key id."""


class KeyRing(Protocol):
    """The master keys at hand."""

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the names of the keys, the one that encrypts first."""
        ...

    def encrypt(self, client_id: UUID, secret: str, purpose: str) -> str:
        """Return the ciphertext under the first key."""
        ...

    def decrypt(self, client_id: UUID, ciphertext: str, purpose: str) -> str:
        """Return the secret, or raise DecryptionFailed."""
        ...


Renew = Callable[[UUID, str, str], str]
"""Client, ciphertext and purpose to the ciphertext under the present key."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did; `last` is where the next begins, None when nothing was left."""

    last: UUID | None
    renewed: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)


class SecretStore(Protocol):
    """All stored secrets of an installation."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold the turn to rotate; Conflict when another command has it."""
        ...

    def usage(self) -> Usage:
        """Count the secrets by key id and kind."""
        ...

    def stale(self, key_id: str) -> int:
        """Count the clients with a secret under another key."""
        ...

    def renew(
        self, key_id: str, after: UUID | None, limit: int, renew: Renew, *, actor: str
    ) -> Batch:
        """Re-encrypt secrets of the next clients that nobody holds: one audited transaction."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """What a rotation did; `failed` tells why by slug, `held` counts clients others held."""

    key_id: str
    renewed: int
    failed: Mapping[str, str]
    held: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class RotateKeys:
    """The use case; stopped anywhere, the next run goes on with what is left."""

    store: SecretStore
    keys: KeyRing
    actor: str
    pause: Callable[[float], None] = time.sleep

    def run(self, advanced: Callable[[int], None]) -> KeyRotation:
        """Re-encrypt; raises ConfigurationError, with nothing touched, when a key is missing."""
        present = self.keys.key_ids[0]
        with self.store.alone():
            before = self.store.usage()
            refuse_missing(before, self.keys.key_ids)
            renewed, failed = 0, dict[str, str]()
            for attempt in range(_PASSES):
                if attempt:
                    # Only what somebody held a moment ago is left.
                    self.pause(_PAUSE)
                renewed += self._pass(present, failed, advanced)
                held = self.store.stale(present) - len(failed)
                if held <= 0:
                    break
            usage = self.store.usage()
        return KeyRotation(present, renewed, failed, max(held, 0), usage)

    def _pass(self, present: str, failed: dict[str, str], advanced: Callable[[int], None]) -> int:
        renewed, after = 0, None
        while True:
            batch = self.store.renew(present, after, _BATCH, self._renew, actor=self.actor)
            failed.update(batch.failed)
            renewed += batch.renewed
            advanced(batch.renewed)
            if batch.last is None:
                return renewed
            after = batch.last

    def _renew(self, client_id: UUID, ciphertext: str, purpose: str) -> str:
        secret = self.keys.decrypt(client_id, ciphertext, purpose)
        renewed = self.keys.encrypt(client_id, secret, purpose)
        # The former ciphertext is gone after this: what replaces it must open.
        if self.keys.decrypt(client_id, renewed, purpose) != secret:
            raise DecryptionFailed(f"The new ciphertext of client {client_id} does not open")
        return renewed


def refuse_missing(usage: Usage, key_ids: tuple[str, ...]) -> None:
    """Refuse keys that do not open all that is stored."""
    missing = sorted(set(usage) - set(key_ids))
    if not missing:
        return
    told = ", ".join(f"{key} ({counted(sum(usage[key].values()), 'secret')})" for key in missing)
    raise ConfigurationError(
        f"Secrets are stored under keys that WABOT_MASTER_KEY lacks: {told};"
        f" it holds {', '.join(key_ids)}. Nothing was changed.",
        hint="Add the missing key after a comma. If it is lost for good, give those shops new"
        " secrets: `wabot keys list`, then `wabot tenant rotate-token SLUG --discard-unreadable`.",
    )
