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


def is_open(last_message_at: datetime | None, now: datetime) -> bool:
    """Tell whether a free-form message passes; a person's last message is dated by Meta."""
    return last_message_at is not None and now - last_message_at < LENGTH - MARGIN


def opens(happening: Happening) -> bool:
    """Tell whether what a person did lets them be written to freely: a welcome asked for, too."""
    return not isinstance(happening, MessageEdited | MessageRevoked)
