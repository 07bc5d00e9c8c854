"""The 24 hours in which a shop may write freely to a person who wrote to its number."""

from datetime import datetime, timedelta

from wabot.domain.conversation.events import Happening, MessageEdited, MessageRevoked

LENGTH = timedelta(hours=24)
# What is on its way to Meta when the window ends would be refused.
MARGIN = timedelta(minutes=1)

REFUSED = 131047
"""Graph's code for a free-form message outside the 24 hours."""
CLOSED = "window closed, no template"
"""Why a message was not sent that only a template could have carried."""

_MOBILE = {"521": "52", "549": "54"}
_LOCAL_DIGITS = 10


def is_open(last_message_at: datetime | None, now: datetime) -> bool:
    """Tell whether a free-form message passes; a person's last message is dated by Meta."""
    return last_message_at is not None and now - last_message_at < LENGTH - MARGIN


def opens(happening: Happening) -> bool:
    """Tell whether what a person did lets them be written to freely: a welcome asked for, too."""
    return not isinstance(happening, MessageEdited | MessageRevoked)


def spellings(phone: str) -> tuple[str, ...]:
    """Return the digits under which Meta may know a phone number, the given ones first.

    Mexican and Argentine mobiles come with a mobile prefix (521…, 549…) that people leave out.
    """
    digits = phone.removeprefix("+")
    for with_prefix, country in _MOBILE.items():
        if len(digits) == len(with_prefix) + _LOCAL_DIGITS and digits.startswith(with_prefix):
            return (digits, country + digits[len(with_prefix) :])
        if len(digits) == len(country) + _LOCAL_DIGITS and digits.startswith(country):
            return (digits, with_prefix + digits[len(country) :])
    return (digits,)
