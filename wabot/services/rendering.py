"""From what the bot says to a message that WhatsApp accepts, whatever the shop's data look like."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, time

from wabot.domain.conversation.replies import (
    AskLocation,
    AskPhone,
    Buttons,
    Option,
    OptionGroup,
    OptionList,
    Outline,
    Phrase,
    Reply,
    Value,
)
from wabot.domain.language.words import one_line
from wabot.domain.message import (
    BUTTON_TITLE,
    BUTTONS,
    INTERACTIVE_BODY,
    LIST_BUTTON,
    LIST_ROWS,
    ROW_DESCRIPTION,
    ROW_TITLE,
    SECTION_TITLE,
    TEXT_BODY,
    Button,
    ButtonsMessage,
    ContactRequest,
    ListMessage,
    LocationRequest,
    OutboundMessage,
    Row,
    Section,
    TextMessage,
)
from wabot.domain.money import Money
from wabot.domain.phone import Phone
from wabot.domain.quantity import Quantity
from wabot.domain.shop import Shop
from wabot.texts import Format, Texts
from wabot.texts.format import phone
from wabot.texts.shorten import shorten

_GAPS = re.compile(r"\n{3,}")
_UNLIMITED = 1_000_000
# How long one value may be in a text that would not fit otherwise.
_LENGTHS = (200, 60)
_SHORTEST = 30
_VISIBLE = frozenset("LNSP")
_DOT = " · "


def render(reply: Reply, texts: Texts, shop: Shop) -> OutboundMessage:
    """Put a reply into words within WhatsApp's limits; never raises for a reply of the engine."""
    writer = _Writer(texts, Format(shop.country, shop.time_zone))
    match reply.menu:
        case None:
            return TextMessage(_body(writer, reply, TEXT_BODY))
        case Buttons(options):
            body = _body(writer, reply, INTERACTIVE_BODY)
            return ButtonsMessage(body, _buttons(writer, options))
        case OptionList(button, groups):
            # Meta's pages disagree about longer bodies of lists: 1024 is safe.
            body = _body(writer, reply, INTERACTIVE_BODY)
            title = shorten(writer.words(button), LIST_BUTTON)
            return ListMessage(body, title, _sections(writer, groups))
        case AskLocation():
            return LocationRequest(_body(writer, reply, INTERACTIVE_BODY))
        case AskPhone():
            return ContactRequest(_body(writer, reply, INTERACTIVE_BODY))


def outlined(outline: Outline, texts: Texts, shop: Shop) -> tuple[str, ...]:
    """Put an outline's values into words."""
    writer = _Writer(texts, Format(shop.country, shop.time_zone))
    return tuple(writer.value(value) for value in outline.values)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Puts phrases into words, each tuple in so many lines, each plain value in so many letters."""

    texts: Texts
    format: Format
    lines: int = _UNLIMITED
    length: int = _UNLIMITED

    def whole(self, reply: Reply) -> str:
        """Write lead and sentence."""
        lead = self.value(reply.lead)
        text = self.words(reply.text)
        return _GAPS.sub("\n\n", f"{lead}\n\n{text}").strip()

    def words(self, phrase: Phrase | str) -> str:
        """Write a phrase or a plain title."""
        if isinstance(phrase, str):
            return self.value(phrase)
        values = {name: self.value(value) for name, value in phrase.values.items()}
        return self.texts.say(phrase.key, values)

    def value(self, value: Value) -> str:
        """Write one value."""
        match value:
            case str():
                return shorten(_shown(value), self.length)
            case Money(amount, currency):
                return self.format.money(amount, currency)
            case Quantity() as quantity:
                unit = shorten(_shown(quantity.unit), self.length)
                return self.format.quantity(quantity.amount, unit)
            case Phone(number):
                return phone(number)
            case datetime():
                return self.format.moment(value)
            case time():
                return self.format.clock(value)
            case Phrase():
                return self.words(value)
            case tuple():
                return self._lines(value)
            case int():
                return self.format.whole(value)

    def _lines(self, phrases: tuple[Phrase, ...]) -> str:
        said = [self.words(phrase) for phrase in phrases[: self.lines]]
        left_out = len(phrases) - len(said)
        if left_out:
            said.append(self.texts.say("general.and_more", {"count": str(left_out)}))
        return "\n".join(said)


def _body(writer: _Writer, reply: Reply, limit: int) -> str:
    """Fit the text: shorten long values, then leave out lines, and only then cut the end."""
    for length in (_UNLIMITED, *_LENGTHS):
        body = replace(writer, length=length).whole(reply)
        if len(body) <= limit:
            return body
    for length in (*_LENGTHS, _SHORTEST):
        fitting = _most_lines(replace(writer, length=length), reply, limit)
        if fitting is not None:
            return fitting
    return shorten(replace(writer, lines=1, length=_SHORTEST).whole(reply), limit)


def _most_lines(writer: _Writer, reply: Reply, limit: int) -> str | None:
    """Return the text with as many lines as fit, or None when not even one does."""
    fewest, most = 1, max(_longest(reply.text), len(reply.lead))
    best = None
    while fewest <= most:
        lines = (fewest + most) // 2
        body = replace(writer, lines=lines).whole(reply)
        if len(body) <= limit:
            best, fewest = body, lines + 1
        else:
            most = lines - 1
    return best


def _longest(phrase: Phrase) -> int:
    """Return the number of lines of the longest tuple in a phrase."""
    return max((len(v) for v in phrase.values.values() if isinstance(v, tuple)), default=0)


def _buttons(writer: _Writer, options: tuple[Option, ...]) -> tuple[Button, ...]:
    titles = _Titles(writer, BUTTON_TITLE)
    return tuple(Button(option.id, titles.of(option)) for option in options[:BUTTONS])


def _sections(writer: _Writer, groups: tuple[OptionGroup, ...]) -> tuple[Section, ...]:
    titles = _Titles(writer, ROW_TITLE)
    sections, left = [], LIST_ROWS
    for group in groups:
        rows = tuple(_row(writer, titles, option) for option in group.options[:left])
        left -= len(rows)
        if rows:
            sections.append(Section(rows, shorten(writer.words(group.title), SECTION_TITLE)))
    return tuple(sections)


def _row(writer: _Writer, titles: "_Titles", option: Option) -> Row:
    title = titles.of(option)
    full = _named(writer, option)
    described = shorten(writer.words(option.description), ROW_DESCRIPTION)
    if title == full:
        return Row(option.id, title, described)
    # The price must stay whole: the full name takes what is left.
    room = ROW_DESCRIPTION - len(described) - len(_DOT) if described else ROW_DESCRIPTION
    if room < len(title):
        return Row(option.id, title, described)
    return Row(option.id, title, shorten(full, room) + (_DOT + described if described else ""))


class _Titles:
    """Titles within a limit, each different from those before it."""

    def __init__(self, writer: _Writer, limit: int) -> None:
        self._writer = writer
        self._limit = limit
        self._used: set[str] = set()

    def of(self, option: Option) -> str:
        """Return the option's title; one that is taken already gets a number."""
        full = _named(self._writer, option)
        title, number = shorten(full, self._limit), 1
        while title in self._used:
            number += 1
            title = f"{shorten(full, self._limit - len(str(number)) - 1)} {number}"
        self._used.add(title)
        return title


def _named(writer: _Writer, option: Option) -> str:
    return writer.words(option.title) or writer.words(Phrase("general.unnamed"))


def _shown(text: str) -> str:
    """Return a shop's or customer's words on one line, or nothing when nothing can be seen."""
    line = one_line(text)
    return line if any(unicodedata.category(c)[0] in _VISIBLE for c in line) else ""
