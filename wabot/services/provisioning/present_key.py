"""Prove that the master key at hand is the one of this installation before it seals anything."""

from wabot.errors import ConfigurationError, DecryptionFailed
from wabot.services.provisioning.ports import Tenants, TokenCipher


def prove_key(tenants: Tenants, cipher: TokenCipher) -> None:
    """Refuse keys that open nothing of what is stored; where nothing is, any key will do.

    One that opens is enough: while keys are rotated the first of them has sealed nothing yet, and
    shops whose key is lost do not keep others from being made.
    """
    samples = tenants.sealed_tokens(cipher.key_ids)
    for client_id, token in samples:
        try:
            cipher.decrypt(client_id, token)
        except DecryptionFailed as error:
            refusal = error
        else:
            return
    if samples:
        raise ConfigurationError(
            "WABOT_MASTER_KEY opens none of the secrets that are stored; nothing was changed."
            f" {refusal.message}",
            hint="Set the key with which the shops were created; see: wabot keys list",
        ) from refusal
