"""Opening hours of a week, written as «mon-sat 08:00-20:00; sun 09:00-14:00»."""

import re
from dataclasses import dataclass
from itertools import pairwise

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RULE = 'must be hours like "mon-fri 08:00-14:00 16:00-20:00; sat 09:00-14:00", or empty'
_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_MIDNIGHT = 24 * 60

Span = tuple[int, int]
"""From and to, in minutes of the day; what goes on after midnight belongs to the next day."""
WHOLE_DAY: Span = (0, _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The spans of each day, Monday first; a shop without any says nothing of its hours."""

    days: tuple[tuple[Span, ...], ...] = ((),) * 7


def parse_hours(written: str) -> OpeningHours:
    """Read opening hours; ValueError says what is wrong."""
    days: list[tuple[Span, ...]] = [()] * 7
    for part in filter(None, (part.strip() for part in written.split(";"))):
        named, *spans = part.split()
        if not spans:
            raise ValueError(f"{RULE}: {named!r} has no hours")
        read = tuple(_span(span) for span in spans)
        if any(later[0] <= earlier[1] for earlier, later in pairwise(read)):
            raise ValueError(f"{RULE}: those of {named!r} overlap or are not in order")
        for day in _days(named):
            if days[day]:
                raise ValueError(f"{RULE}: {DAYS[day]} stands twice")
            days[day] = read
    return OpeningHours(tuple(days))


def _days(named: str) -> range:
    first, dash, last = named.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise ValueError(f"{RULE}: {named!r} is no day; days are {' '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    if end < begin:
        raise ValueError(f"{RULE}: {named!r} runs backwards; a week begins on mon")
    return range(begin, end + 1)


def _span(written: str) -> Span:
    match = _SPAN.fullmatch(written)
    if match is None:
        raise ValueError(f"{RULE}: {written!r} is no span of time")
    hours = [int(number) for number in match.groups()]
    begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if not begin < end <= _MIDNIGHT:
        raise ValueError(f"{RULE}: {written!r} does not end after it begins, by 24:00")
    return begin, end
