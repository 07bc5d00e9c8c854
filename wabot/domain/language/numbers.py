"""Numbers as people write them: digits, fractions and words."""

import re
import unicodedata
from decimal import Decimal

from wabot.domain.language.words import unaccented

_ONES = {
    "un": 1,
    "uno": 1,
    "una": 1,
    "dos": 2,
    "tres": 3,
    "cuatro": 4,
    "cinco": 5,
    "seis": 6,
    "siete": 7,
    "ocho": 8,
    "nueve": 9,
    "diez": 10,
    "once": 11,
    "doce": 12,
    "trece": 13,
    "catorce": 14,
    "quince": 15,
    "dieciseis": 16,
    "diecisiete": 17,
    "dieciocho": 18,
    "diecinueve": 19,
    "veinte": 20,
    "veintiun": 21,
    "veintiuno": 21,
    "veintiuna": 21,
    "veintidos": 22,
    "veintitres": 23,
    "veinticuatro": 24,
    "veinticinco": 25,
    "veintiseis": 26,
    "veintisiete": 27,
    "veintiocho": 28,
    "veintinueve": 29,
}
_TENS = {
    "treinta": 30,
    "cuarenta": 40,
    "cincuenta": 50,
    "sesenta": 60,
    "setenta": 70,
    "ochenta": 80,
    "noventa": 90,
}
_HUNDREDS = {
    "cien": 100,
    "ciento": 100,
    "doscientos": 200,
    "doscientas": 200,
    "trescientos": 300,
    "trescientas": 300,
    "cuatrocientos": 400,
    "quinientos": 500,
    "quinientas": 500,
    "seiscientos": 600,
    "seiscientas": 600,
    "setecientos": 700,
    "setecientas": 700,
    "ochocientos": 800,
    "ochocientas": 800,
    "novecientos": 900,
    "novecientas": 900,
}
_THOUSANDS = {"mil": 1_000, "millon": 1_000_000, "millones": 1_000_000}
_PARTS = {
    "medio": Decimal("0.5"),
    "media": Decimal("0.5"),
    "cuarto": Decimal("0.25"),
    "cuartito": Decimal("0.25"),
}

_TOKEN = re.compile(r"\d+\s*/\s*\d+|\d+(?:[.,]\d+)*|[a-z]+|[^\sa-z0-9]")
# More digits than any quantity has; a longer number is as good as this one.
_MAX_DIGITS = 12
_ENDLESS = Decimal(10) ** _MAX_DIGITS
_NUMERALS = frozenset(("cero", *_ONES, *_TENS, *_HUNDREDS, *_THOUSANDS, *_PARTS))


def tokens_of(text: str) -> list[str]:
    """Split into numbers, words and signs: «2kg» gives «2», «kg»; «1½» gives «1», «1/2»."""
    spread = []
    for character in text:
        if unicodedata.category(character) == "No" and "VULGAR" in unicodedata.name(character, ""):
            fraction = unicodedata.normalize("NFKC", character).replace("\u2044", "/")
            spread.append(f" {fraction} ")
        else:
            spread.append(character)
    return _TOKEN.findall(unaccented("".join(spread)))


def is_number(word: str) -> bool:
    """Tell whether a normalised word is a number, in digits or in letters."""
    return word.isdigit() or word in _NUMERALS


def number_at(tokens: list[str], start: int) -> tuple[Decimal, int] | None:
    """Read a number at that place; return it and the place after it."""
    if start >= len(tokens):
        return None
    whole = _digits(tokens[start])
    if whole is not None:
        fraction = _digits(tokens[start + 1]) if _is_fraction(tokens, start + 1) else None
        if fraction is not None and "/" not in tokens[start]:
            return whole + fraction, start + 2
        return _thousands(tokens, whole, start + 1)
    if tokens[start] == "tres" and tokens[start + 1 : start + 2] == ["cuartos"]:
        return Decimal("0.75"), start + 2
    if tokens[start] in {"un", "una"} and _part_at(tokens, start + 1) is not None:
        return _part_at(tokens, start + 1)
    if tokens[start] == "cero":
        return Decimal(0), start + 1
    return _part_at(tokens, start) or _words(tokens, start)


def _part_at(tokens: list[str], start: int) -> tuple[Decimal, int] | None:
    if start < len(tokens) and tokens[start] in _PARTS:
        return _PARTS[tokens[start]], start + 1
    return None


def _is_fraction(tokens: list[str], at: int) -> bool:
    return at < len(tokens) and "/" in tokens[at] and tokens[at][0].isdigit()


def _digits(token: str) -> Decimal | None:
    """Read digits: a comma before one or two digits is a decimal mark, before three none."""
    if not token[0].isdigit():
        return None
    if sum(c.isdigit() for c in token) > _MAX_DIGITS:
        return _ENDLESS
    if "/" in token:
        above, below = (Decimal(part.strip()) for part in token.split("/"))
        return above / below if below else None
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", token):
        return Decimal(token.replace(",", ""))
    if re.fullmatch(r"\d+[.,]\d+|\d+", token):
        return Decimal(token.replace(",", "."))
    return None


def _words(tokens: list[str], start: int) -> tuple[Decimal, int] | None:
    total, place = _below_thousand(tokens, start)
    if tokens[place : place + 1] == ["mil"]:
        rest, end = _below_thousand(tokens, place + 1)
        return Decimal((total or 1) * 1_000 + rest), end
    return _thousands(tokens, Decimal(total), place) if total else None


def _thousands(tokens: list[str], value: Decimal, place: int) -> tuple[Decimal, int]:
    """Read «mil» or «millones» after a number: «20 mil», «un millón»."""
    times = _THOUSANDS.get(tokens[place]) if place < len(tokens) else None
    return (value, place) if times is None else (value * times, place + 1)


def _below_thousand(tokens: list[str], start: int) -> tuple[int, int]:
    total, place = 0, start
    if place < len(tokens) and tokens[place] in _HUNDREDS:
        total, place = _HUNDREDS[tokens[place]], place + 1
    if place < len(tokens) and tokens[place] in _TENS:
        total, place = total + _TENS[tokens[place]], place + 1
        if tokens[place : place + 1] == ["y"] and 0 < _one(tokens, place + 1) < 10:
            total, place = total + _one(tokens, place + 1), place + 2
    elif _one(tokens, place):
        total, place = total + _one(tokens, place), place + 1
    return total, place


def _one(tokens: list[str], at: int) -> int:
    return _ONES.get(tokens[at], 0) if at < len(tokens) else 0
