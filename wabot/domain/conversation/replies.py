"""What the bot says, as text keys and values; words are chosen at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

from wabot.domain.money import Money
from wabot.domain.phone import Phone
from wabot.domain.purpose import Purpose
from wabot.domain.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text key with the values its sentence needs."""

    key: str
    values: Mapping[str, "Value"] = field(default_factory=dict)


Value = str | int | Money | Quantity | Phone | datetime | time | Phrase | tuple[Phrase, ...]
"""A tuple of phrases is rendered one per line."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to tap; a `str` title is shown as it is (a product's name, an address)."""

    id: str
    title: Phrase | str
    description: Phrase | str = ""


@dataclass(frozen=True, slots=True)
class Buttons:
    """One to three options shown under the text."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Rows of a list under one heading; a single group may go without."""

    options: tuple[Option, ...]
    title: Phrase | str = ""


@dataclass(frozen=True, slots=True)
class OptionList:
    """Up to ten options behind one button."""

    button: Phrase
    groups: tuple[OptionGroup, ...]


@dataclass(frozen=True, slots=True)
class AskLocation:
    """A button that shares where the customer is."""


@dataclass(frozen=True, slots=True)
class AskPhone:
    """A button that shares the customer's phone number."""


Menu = Buttons | OptionList | AskLocation | AskPhone


@dataclass(frozen=True, slots=True)
class Outline:
    """What a message tells in few words: the values for a template of that purpose."""

    purpose: Purpose
    values: tuple[Value, ...]
    order_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One message: a sentence and, if any, what can be tapped.

    `lead` comes before the sentence, each phrase on a line of its own: what was just done, what
    the customer should know first. `outline` is for messages that must arrive whatever the hour.
    """

    text: Phrase
    menu: Menu | None = None
    lead: tuple[Phrase, ...] = ()
    outline: Outline | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of all that is said, the sentence last."""
        return (*(phrase.key for phrase in self.lead), self.text.key)

    @property
    def options(self) -> tuple[Option, ...]:
        """Return what can be tapped, in the order shown."""
        match self.menu:
            case Buttons(options):
                return options
            case OptionList(groups=groups):
                return tuple(option for group in groups for option in group.options)
            case _:
                return ()
