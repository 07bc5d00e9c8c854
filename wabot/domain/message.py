"""Messages that can be sent, with WhatsApp's limits; a value that exists is one Meta accepts.

Limits: Meta's message references, counted in Unicode characters.
"""

import re
from dataclasses import dataclass

from wabot.domain.counted import counted

TEXT_BODY = 4096
INTERACTIVE_BODY = 1024
LIST_BODY = 4096
BUTTON_TITLE = 20
BUTTON_ID = 256
BUTTONS = 3
LIST_BUTTON = 20
LIST_ROWS = 10
LIST_SECTIONS = 10
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72
SECTION_TITLE = 24
TEMPLATE_NAME = 512
TEMPLATE_PARAMETER = 1024


class MessageLimitError(ValueError):
    """A message that Meta would refuse; the text names the part and the limit."""


def _check(part: str, value: str, limit: int, *, required: bool = True) -> None:
    if required and not value.strip():
        raise MessageLimitError(f"{part} is empty")
    if len(value) > limit:
        raise MessageLimitError(f"{part} has {len(value)} characters, the limit is {limit}")


def _check_unique(part: str, values: list[str]) -> None:
    if len(set(values)) != len(values):
        raise MessageLimitError(f"{part} are not unique")


@dataclass(frozen=True, slots=True)
class TextMessage:
    """Plain text."""

    body: str

    def __post_init__(self) -> None:
        _check("text body", self.body, TEXT_BODY)


@dataclass(frozen=True, slots=True)
class Button:
    """A reply button."""

    id: str
    title: str

    def __post_init__(self) -> None:
        _check("button id", self.id, BUTTON_ID)
        if self.id != self.id.strip():
            raise MessageLimitError("button id has leading or trailing spaces")
        _check("button title", self.title, BUTTON_TITLE)


@dataclass(frozen=True, slots=True)
class ButtonsMessage:
    """Text with one to three reply buttons."""

    body: str
    buttons: tuple[Button, ...]

    def __post_init__(self) -> None:
        _check("interactive body", self.body, INTERACTIVE_BODY)
        if not 1 <= len(self.buttons) <= BUTTONS:
            raise MessageLimitError(f"{len(self.buttons)} buttons, allowed are 1 to {BUTTONS}")
        _check_unique("button titles", [button.title for button in self.buttons])
        _check_unique("button ids", [button.id for button in self.buttons])


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list."""

    id: str
    title: str
    description: str = ""

    def __post_init__(self) -> None:
        _check("row id", self.id, ROW_ID)
        _check("row title", self.title, ROW_TITLE)
        _check("row description", self.description, ROW_DESCRIPTION, required=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A group of rows; the title may be empty when it is the only one."""

    rows: tuple[Row, ...]
    title: str = ""

    def __post_init__(self) -> None:
        _check("section title", self.title, SECTION_TITLE, required=False)
        if not self.rows:
            raise MessageLimitError("a section has no rows")


@dataclass(frozen=True, slots=True)
class ListMessage:
    """Text with a button that opens up to ten rows."""

    body: str
    button: str
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        _check("list body", self.body, LIST_BODY)
        _check("list button", self.button, LIST_BUTTON)
        if not 1 <= len(self.sections) <= LIST_SECTIONS:
            raise MessageLimitError(f"{len(self.sections)} sections, allowed are 1 to 10")
        if len(self.sections) > 1 and not all(s.title.strip() for s in self.sections):
            raise MessageLimitError("a section of several has no title")
        rows = [row for section in self.sections for row in section.rows]
        if len(rows) > LIST_ROWS:
            raise MessageLimitError(f"{counted(len(rows), 'row')}, the limit is {LIST_ROWS}")
        _check_unique("row ids", [row.id for row in rows])


@dataclass(frozen=True, slots=True)
class LocationRequest:
    """Text with a button that shares the customer's location."""

    body: str

    def __post_init__(self) -> None:
        _check("interactive body", self.body, INTERACTIVE_BODY)


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """Text with a button that shares the customer's phone number."""

    body: str

    def __post_init__(self) -> None:
        _check("interactive body", self.body, INTERACTIVE_BODY)


_ON_ONE_LINE = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]| {4}")


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """A template of the business's account, approved by Meta; parameters by their position."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check("template name", self.name, TEMPLATE_NAME)
        _check("template language", self.language, 15)
        for number, value in enumerate(self.parameters, 1):
            _check(f"template parameter {number}", value, TEMPLATE_PARAMETER)
            if _ON_ONE_LINE.search(value):
                raise MessageLimitError(
                    f"template parameter {number} has line breaks, tabs or four spaces in a row"
                )


OutboundMessage = (
    TextMessage | ButtonsMessage | ListMessage | LocationRequest | ContactRequest | TemplateMessage
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message goes to: digits of a phone number (no plus sign), or a user id (BSUID)."""

    wa_id: str = ""
    user_id: str = ""

    def __post_init__(self) -> None:
        if not self.wa_id and not self.user_id:
            raise MessageLimitError("a recipient needs a phone number or a user id")
