"""Phone numbers as Meta knows them."""

import pytest

from wabot.domain.phone import spellings, without_mobile_prefix


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("+525512345678", ("525512345678", "5215512345678")),
        ("5215512345678", ("5215512345678", "525512345678")),
        ("+541112345678", ("541112345678", "5491112345678")),
        ("+5491112345678", ("5491112345678", "541112345678")),
        ("+573001234567", ("573001234567",)),
        ("+56912345678", ("56912345678",)),
        ("", ("",)),
    ],
)
def test_a_mobile_is_known_with_and_without_its_prefix(
    phone: str, expected: tuple[str, ...]
) -> None:
    assert spellings(phone) == expected


@pytest.mark.parametrize(
    ("wa_id", "other"),
    [
        ("5491155500001", "541155500001"),
        ("5215550100001", "525550100001"),
        ("541155500001", None),
        ("525550100001", None),
        ("573005550001", None),
        ("", None),
        ("521555010000x", None),
    ],
)
def test_argentine_and_mexican_mobiles_have_another_spelling(wa_id: str, other: str | None) -> None:
    assert without_mobile_prefix(wa_id) == other
