"""What is seen of a webhook's address from outside."""

from typing import NamedTuple


class Answer(NamedTuple):
    """What an address answered."""

    status: int
    text: str


class Subscription(NamedTuple):
    """What Meta says of an app's webhooks."""

    callback_url: str
    active: bool
    fields: frozenset[str]
