"""Which Meta app signed a webhook."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

_SCHEME = "sha256="


def signature_of(body: bytes, secret: str) -> str:
    """Return the value of the signature header for exactly these bytes."""
    return _SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class SignatureVerifier:
    """Knows the secrets of every app; an app may have two while one is rotated."""

    def __init__(self, apps: Mapping[str, Sequence[str]]) -> None:
        self._secrets = [
            (app_id, secret.encode()) for app_id, secrets in apps.items() for secret in secrets
        ]

    def app_of(self, body: bytes, header: str | None) -> str | None:
        """Return the app whose secret signed these raw bytes; None when none did.

        Every secret is tried and compared in constant time. An app without an id is ''.
        """
        given = (header or "").strip().lower()
        if not given.startswith(_SCHEME) or not given.isascii():
            return None
        digest = given.removeprefix(_SCHEME)
        signer = None
        for app_id, secret in self._secrets:
            expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
            if hmac.compare_digest(expected, digest) and signer is None:
                signer = app_id
        return signer
