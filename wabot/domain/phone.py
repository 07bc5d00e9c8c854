"""Phone numbers: as values that are shown to people, and as Meta knows them.

Mobiles of Mexico and Argentina have two spellings: webhooks name them with a mobile prefix (521…,
549…) that people and some numbers' lists leave out.
"""

from dataclasses import dataclass

_MOBILE = {"521": "52", "549": "54"}
_LOCAL_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Phone:
    """A number with + and country code, written at the edge as people write numbers."""

    number: str


def spellings(phone: str) -> tuple[str, ...]:
    """Return the digits under which Meta may know a phone number, the given ones first."""
    digits = phone.removeprefix("+")
    if short := without_mobile_prefix(digits):
        return (digits, short)
    for with_prefix, country in _MOBILE.items():
        if len(digits) == len(country) + _LOCAL_DIGITS and digits.startswith(country):
            return (digits, with_prefix + digits[len(country) :])
    return (digits,)


def without_mobile_prefix(wa_id: str) -> str | None:
    """Return a mobile's number without its prefix; None where there is none to leave out."""
    for with_prefix, country in _MOBILE.items():
        local = wa_id.removeprefix(with_prefix)
        if local != wa_id and len(local) == _LOCAL_DIGITS and local.isdigit():
            return country + local
    return None
