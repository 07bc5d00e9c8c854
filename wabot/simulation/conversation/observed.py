"""What the bot sent, as people see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wabot.simulation.graph import SentMessage

CUSTOMER = "customer"
LOCATION_BUTTON = "<location>"
CONTACT_BUTTON = "<contact>"
_REQUESTS = {
    "location_request_message": LOCATION_BUTTON,
    "contact_request": CONTACT_BUTTON,
}


@dataclass(frozen=True, slots=True)
class ShownOption:
    """Something to tap; one without id asks for a location or a phone number."""

    title: str
    id: str = ""
    description: str = ""
    in_list: bool = False


@dataclass(frozen=True, slots=True)
class BotMessage:
    """A message that the stand-in accepted.

    `audience` is customer, owner or adviser; `contact` the customer whom it concerns; `keys` are
    the texts in it, the last one its sentence.
    """

    text: str
    options: tuple[ShownOption, ...] = ()
    audience: str = CUSTOMER
    contact: str = ""
    keys: tuple[str, ...] = ()
    wamid: str = ""
    to: str = ""
    list_button: str = ""

    @property
    def titles(self) -> tuple[str, ...]:
        """Return the titles of the options."""
        return tuple(option.title for option in self.options)


def options_of(sent: SentMessage) -> tuple[ShownOption, ...]:
    """Return what can be tapped in a sent message, in the order shown."""
    parts = _mapping(sent.body.get("interactive"))
    action = _mapping(parts.get("action"))
    kind = str(parts.get("type", ""))
    if kind in _REQUESTS:
        return (ShownOption(_REQUESTS[kind]),)
    buttons = [_mapping(button.get("reply")) for button in action.get("buttons", ())]
    if buttons:
        return tuple(ShownOption(str(b["title"]), str(b["id"])) for b in buttons)
    return tuple(
        ShownOption(row["title"], row["id"], row.get("description", ""), in_list=True)
        for section in action.get("sections", ())
        for row in section["rows"]
    )


def list_button_of(sent: SentMessage) -> str:
    """Return the words on the button that opens a list."""
    return str(_mapping(_mapping(sent.body.get("interactive")).get("action")).get("button", ""))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
