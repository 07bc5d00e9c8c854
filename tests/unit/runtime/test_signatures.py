"""Which app signed a webhook."""

import hashlib
import hmac

import pytest

from wabot.services.signatures import SignatureVerifier

BODY = '{"text":"ñ 🥑 a@b/c"}'.encode()


def signed(secret: str, body: bytes = BODY) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


VERIFIER = SignatureVerifier({"1": ("new", "old"), "2": ("other",), "": ("nameless",)})


@pytest.mark.parametrize(
    ("secret", "app"), [("new", "1"), ("old", "1"), ("other", "2"), ("nameless", "")]
)
def test_the_app_whose_secret_signed_is_named(secret: str, app: str) -> None:
    assert VERIFIER.app_of(BODY, signed(secret)) == app


def test_upper_case_digits_are_the_same_signature() -> None:
    header = signed("new")
    assert VERIFIER.app_of(BODY, "sha256=" + header.removeprefix("sha256=").upper()) == "1"


@pytest.mark.parametrize(
    "header", [None, "", "sha256=", signed("unknown"), signed("new")[:-1], "ñ", "sha1=00", "\0"]
)
def test_anything_else_is_nobodys(header: str | None) -> None:
    assert VERIFIER.app_of(BODY, header) is None


def test_a_changed_byte_is_nobodys() -> None:
    assert VERIFIER.app_of(BODY + b" ", signed("new")) is None


def test_without_secrets_nothing_is_signed() -> None:
    assert SignatureVerifier({}).app_of(BODY, signed("new")) is None
