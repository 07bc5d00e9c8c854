"""Tokens at rest."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabot.domain.placement import DATABASE_PASSWORD
from wabot.errors import ConfigurationError, DecryptionFailed
from wabot.gateways.encryption import TokenCipher, fingerprint

OLD, NEW = b"o" * 32, b"n" * 32
ANA, BETO = UUID(int=1), UUID(int=2)
TOKEN = "EAAGm0PX4ZCpsBA"


@given(st.text())
def test_what_was_encrypted_is_read_again(token: str) -> None:
    cipher = TokenCipher([NEW])
    assert cipher.decrypt(ANA, cipher.encrypt(ANA, token)) == token


def test_a_ciphertext_names_its_key_and_shows_nothing_of_the_token() -> None:
    stored = TokenCipher([NEW]).encrypt(ANA, TOKEN)
    assert re.fullmatch(r"v1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+", stored)
    assert TOKEN not in stored


def test_the_same_token_never_looks_the_same_twice() -> None:
    cipher = TokenCipher([NEW])
    assert cipher.encrypt(ANA, TOKEN) != cipher.encrypt(ANA, TOKEN)


def test_after_a_rotation_the_former_key_still_decrypts_and_the_new_one_encrypts() -> None:
    stored = TokenCipher([OLD]).encrypt(ANA, TOKEN)
    both = TokenCipher([NEW, OLD])
    assert both.decrypt(ANA, stored) == TOKEN
    renewed = both.encrypt(ANA, TOKEN)
    assert [text.split(".")[1] for text in (renewed, stored)] == list(both.key_ids)
    assert TokenCipher([NEW]).decrypt(ANA, renewed) == TOKEN


def test_another_key_is_refused_and_the_message_names_both() -> None:
    stored = TokenCipher([OLD]).encrypt(ANA, TOKEN)
    key_id = stored.split(".")[1]
    with pytest.raises(DecryptionFailed, match=f"under the key {key_id}, and .* holds [0-9a-f]+"):
        TokenCipher([NEW]).decrypt(ANA, stored)


def test_a_token_does_not_open_as_a_database_password() -> None:
    cipher = TokenCipher([NEW])
    stored = cipher.encrypt(ANA, TOKEN)
    with pytest.raises(DecryptionFailed, match=f"database password of client {ANA} was altered"):
        cipher.decrypt(ANA, stored, DATABASE_PASSWORD)
    password = cipher.encrypt(ANA, "s3cret", DATABASE_PASSWORD)
    assert cipher.decrypt(ANA, password, DATABASE_PASSWORD) == "s3cret"


def test_a_ciphertext_of_another_client_does_not_open() -> None:
    cipher = TokenCipher([NEW])
    with pytest.raises(DecryptionFailed, match=f"{BETO} was altered, or belongs to another"):
        cipher.decrypt(BETO, cipher.encrypt(ANA, TOKEN))


def test_an_altered_ciphertext_does_not_open() -> None:
    cipher = TokenCipher([NEW])
    stored = cipher.encrypt(ANA, TOKEN)
    middle = len(stored) - 10
    altered = stored[:middle] + ("A" if stored[middle] != "A" else "B") + stored[middle + 1 :]
    with pytest.raises(DecryptionFailed):
        cipher.decrypt(ANA, altered)


@pytest.mark.parametrize(
    "garbage",
    ["", TOKEN, "v1", "v1.", "v1.abc.", "v1.0.AAAA", "v2.0.AAAA", "v1.0.ñ", "v1.0.A", "." * 50],
)
def test_what_is_no_ciphertext_is_named_as_such_and_not_repeated(garbage: str) -> None:
    with pytest.raises(DecryptionFailed, match="is no ciphertext of wabot") as refused:
        TokenCipher([NEW]).decrypt(ANA, garbage)
    assert not garbage.strip(".") or TOKEN not in refused.value.message


@given(st.text())
def test_no_stored_text_breaks_decryption_otherwise(stored: str) -> None:
    with pytest.raises(DecryptionFailed):
        TokenCipher([NEW]).decrypt(ANA, stored)


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b""]])
def test_keys_of_another_size_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ConfigurationError, match="WABOT_MASTER_KEY"):
        TokenCipher(keys)


def test_a_cipher_never_shows_its_keys() -> None:
    shown = repr(TokenCipher([NEW])) + str(vars(TokenCipher([NEW])))
    assert "nnn" not in shown


def test_fingerprints_are_short_stable_and_tell_secrets_apart() -> None:
    assert fingerprint(TOKEN) == fingerprint(TOKEN) != fingerprint(TOKEN + "x")
    assert re.fullmatch(r"[0-9a-f]{8}", fingerprint(TOKEN))
