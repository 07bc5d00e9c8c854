"""Secrets at rest: AES-256-GCM, bound to the client they belong to and to what they are."""

import binascii
import hashlib
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wabot.domain.placement import DATABASE_PASSWORD
from wabot.errors import ConfigurationError, DecryptionFailed

WHATSAPP_TOKEN = "whatsapp_token"  # noqa: S105 - what a secret is, not a secret
_CALLED = {WHATSAPP_TOKEN: "WhatsApp token", DATABASE_PASSWORD: "database password"}
_VERSION = "v1"
_NONCE = 12
_TAG = 16


def fingerprint(secret: str) -> str:
    """Return a short name for a secret, to tell two of them apart; nothing leads back from it."""
    return hashlib.sha256(b"wabot|fingerprint|" + secret.encode()).hexdigest()[:8]


class TokenCipher:
    """Encrypt with the first key; decrypt with whichever key the ciphertext names."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ConfigurationError(
                "WABOT_MASTER_KEY is not set to keys of 32 bytes",
                hint="Make one with: wabot init, or wabot keys new",
            )
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the names of the keys at hand, the one that encrypts first."""
        return tuple(self._keys)

    def encrypt(self, client_id: UUID, secret: str, purpose: str = WHATSAPP_TOKEN) -> str:
        """Return `v1.<key id>.<nonce and ciphertext in URL-safe base64>`."""
        nonce = os.urandom(_NONCE)
        bound = _belongs_to(client_id, purpose)
        sealed = self._keys[self._first].encrypt(nonce, secret.encode(), bound)
        text = urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()
        return f"{_VERSION}.{self._first}.{text}"

    def decrypt(self, client_id: UUID, ciphertext: str, purpose: str = WHATSAPP_TOKEN) -> str:
        """Return the secret, or raise DecryptionFailed."""
        what = f"{_CALLED[purpose]} of client {client_id}"
        key_id, sealed = _parts(what, ciphertext)
        key = self._keys.get(key_id)
        if key is None:
            raise DecryptionFailed(
                f"The {what} was encrypted under the key {key_id},"
                f" and WABOT_MASTER_KEY holds {', '.join(self._keys)}",
                hint="Add the former key to WABOT_MASTER_KEY, after a comma;"
                " or give the client a new one.",
            )
        try:
            secret = key.decrypt(sealed[:_NONCE], sealed[_NONCE:], _belongs_to(client_id, purpose))
        except InvalidTag:
            raise DecryptionFailed(
                f"The {what} was altered, or belongs to another client",
                hint="A secret does not move between clients: give this client its own again.",
            ) from None
        return secret.decode()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"wabot|key|" + key).hexdigest()[:8]


def _belongs_to(client_id: UUID, purpose: str) -> bytes:
    return f"wabot|clients|{purpose}|{client_id}".encode()


def _parts(what: str, ciphertext: str) -> tuple[str, bytes]:
    version, _, rest = ciphertext.partition(".")
    key_id, _, text = rest.partition(".")
    try:
        sealed = urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        sealed = b""
    if version != _VERSION or len(sealed) < _NONCE + _TAG:
        raise DecryptionFailed(
            f"What is stored as the {what} is no ciphertext of wabot",
            hint="Give the client its own again.",
        )
    return key_id, sealed
