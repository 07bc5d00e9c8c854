"""Questions that the shop's settings answer: when it is open, how an order reaches its customer."""

import re
from collections.abc import Sequence
from datetime import datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.moves import ask_again
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.turn import Turn
from wabot.domain.hours import WHOLE_DAY, OpeningHours, Span
from wabot.domain.language.words import normalize

_HOURS = re.compile(
    r"\b(horarios?|(a|hasta|desde) que hora (abren|cierran|atienden|estan|abre|cierra)"
    r"|que dias? (abren|atienden|trabajan)|abren|cierran|(estan?|siguen?|ya esta) abiert[oa]s?"
    r"|esta(n)? cerrad[oa]s?|ya abrieron|ya cerraron)\b"
)
_BRINGS = re.compile(
    r"\b(hacen?|haces|tienen|tienes|hay|dan|manejan|entregan|entregas|llevan|llevas|mandan|mandas"
    r"|envian|recogen|traen)\b.*\b(envios?|domicilio|casa|entregas?|reparto)\b"
)
_FETCHED = re.compile(r"\b(puedo|podria|se puede)\b.*\b(recoger\w*|pasar por)\b")
# Where, when and for how much is the shop's to say.
_MORE = re.compile(
    r"\b(cuanto|cuesta|costo|cobran|gratis|minimo|hasta donde|donde|zonas?|colonia|col|hora|cuando"
    r"|dia|hoy|manana|lejos|tarda\w*|ropa)\b"
)
_OF_DELIVERY = re.compile(r"\b(entreg\w*|llev\w*|lleg\w*|repart\w*|envi\w*)\b")

# Until then it is still the night of the day before, for people.
_SMALL_HOURS = 6 * 60

_NAMES = (
    Phrase("hours.mon"),
    Phrase("hours.tue"),
    Phrase("hours.wed"),
    Phrase("hours.thu"),
    Phrase("hours.fri"),
    Phrase("hours.sat"),
    Phrase("hours.sun"),
)


def known(turn: Turn, text: str) -> Step | None:
    """Answer from the settings, and ask again what was asked; None where they do not tell."""
    said = normalize(text)
    if _HOURS.search(said) and not _OF_DELIVERY.search(said):
        phrase = _hours(turn)
        return ask_again(turn, phrase) if phrase else None
    if _MORE.search(said):
        return None
    if _FETCHED.search(said) or _BRINGS.search(said):
        return ask_again(turn, _delivery(turn))
    return None


def _delivery(turn: Turn) -> Phrase:
    settings = turn.shop.settings
    if not settings.pickup:
        return Phrase("delivery.only_brought")
    if not settings.pickup_address:
        return Phrase("delivery.brought_or_fetched")
    return Phrase("delivery.brought_or_fetched_at", {"place": settings.pickup_address})


def _hours(turn: Turn) -> Phrase | None:
    hours = turn.shop.settings.opening_hours
    if not any(hours.days):
        return None
    local = turn.now.astimezone(ZoneInfo(turn.shop.time_zone))
    return Phrase("hours.week", {"days": _week(hours), "now": _state(hours, local)})


def _week(hours: OpeningHours) -> tuple[Phrase, ...]:
    lines = []
    for spans, days in groupby(range(7), key=lambda day: hours.days[day]):
        first, *rest = days
        named = _NAMES[first]
        if rest:
            named = Phrase("hours.from_to", {"first": named, "last": _NAMES[rest[-1]]})
        lines.append(
            Phrase("hours.day", {"days": named, "spans": _spans(spans)})
            if spans
            else Phrase("hours.day_off", {"days": named})
        )
    return tuple(lines)


def _state(hours: OpeningHours, local: datetime) -> Phrase:
    minute = local.hour * 60 + local.minute
    for begin, end in hours.days[local.weekday()]:
        if begin <= minute < end:
            return _open(hours, local.weekday(), end)
        if minute < begin:
            return Phrase("hours.opens_today", {"at": _at(begin)})
    coming = ((ahead, (local.weekday() + ahead) % 7) for ahead in range(1, 8))
    ahead, day = next((ahead, day) for ahead, day in coming if hours.days[day])
    at = _at(hours.days[day][0][0])
    if ahead == 1:
        return Phrase("hours.opens_tomorrow", {"at": at})
    return Phrase("hours.opens", {"day": _NAMES[day], "at": at})


def _open(hours: OpeningHours, today: int, end: int) -> Phrase:
    ahead = 0
    while end == WHOLE_DAY[1]:
        following = hours.days[(today + ahead + 1) % 7]
        if not following or following[0][0] > 0:
            break
        ahead, end = ahead + 1, following[0][1]
        if ahead == len(hours.days):
            return Phrase("hours.open_always")
    if not ahead:
        return Phrase("hours.open", {"until": _at(end)})
    if ahead == 1 and end <= _SMALL_HOURS:
        return Phrase("hours.open_into_night", {"until": _at(end)})
    day = _NAMES[(today + ahead) % 7]
    return Phrase("hours.open_until_day", {"day": day, "until": _at(end)})


def _spans(spans: Sequence[Span]) -> Phrase:
    (begin, end), *rest = spans
    if (begin, end) == WHOLE_DAY:
        return Phrase("hours.all_day")
    first = Phrase("hours.from_to", {"first": _time(begin), "last": _time(end)})
    return Phrase("hours.and", {"first": first, "rest": _spans(rest)}) if rest else first


def _at(minute: int) -> Phrase:
    at = _time(minute)
    return Phrase("hours.at_one" if at.hour % 12 == 1 else "hours.at", {"time": at})


def _time(minute: int) -> time:
    # What ends at 24:00 ends at midnight.
    return time(minute // 60 % 24, minute % 60)
