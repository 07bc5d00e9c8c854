"""Money, quantities and moments as people of a country write them."""

import re
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import phonenumbers

_SYMBOLS = {
    "MXN": "$",
    "ARS": "$",
    "CLP": "$",
    "COP": "$",
    "UYU": "$",
    "CUP": "$",
    "USD": "$",
    "PEN": "S/ ",
    "GTQ": "Q",
    "HNL": "L ",
    "NIO": "C$",
    "CRC": "₡",
    "DOP": "RD$",
    "PYG": "₲ ",
    "BOB": "Bs ",
    "VES": "Bs ",
    "PAB": "B/. ",
    "BRL": "R$ ",
    "EUR": "€",
}
_DOLLAR_COUNTRIES = frozenset(("US", "EC", "SV", "PA", "PR"))
# Where «1.234,50» is written; elsewhere «1,234.50».
_COMMA_COUNTRIES = frozenset(("AR", "BO", "BR", "CL", "CO", "CR", "EC", "ES", "PY", "UY", "VE"))
_NO_CENTS = frozenset(("CLP", "PYG"))
# Cents exist but are not in use: they are shown only when there are some.
_RARE_CENTS = frozenset(("ARS", "COP", "CRC"))

_INVARIABLE = frozenset(
    ("kg", "g", "gr", "l", "lt", "lts", "ml", "cm", "m", "pza", "pz", "oz", "lb")
)
_FRACTIONS = {Decimal("0.25"): "¼", Decimal("0.5"): "½", Decimal("0.75"): "¾"}

_DAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
_MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")


@dataclass(frozen=True, slots=True)
class Format:
    """How a shop's country writes; `time_zone` IANA, an unknown one counts as UTC."""

    country: str = "MX"
    time_zone: str = "America/Mexico_City"

    def money(self, amount: Decimal, currency: str) -> str:
        """Write an amount: «$1,234.50»."""
        cents = 0 if currency in _NO_CENTS else 2
        rounded = amount.quantize(Decimal(1).scaleb(-cents), rounding=ROUND_HALF_UP)
        if currency in _RARE_CENTS and rounded == rounded.to_integral_value():
            cents = 0
        sign = "-" if rounded < 0 else ""
        return f"{sign}{self._symbol(currency)}{self._marked(f'{abs(rounded):,.{cents}f}')}"

    def whole(self, number: int) -> str:
        """Write a whole number: «1,000»."""
        return self._marked(f"{number:,}")

    def quantity(self, amount: Decimal, unit: str) -> str:
        """Write a quantity: «2 kg», «½ kg», «200 g», «3 piezas»."""
        if unit.casefold() == "kg" and 0 < amount < 1 and amount not in _FRACTIONS:
            amount, unit = amount * 1000, "g"
        number = _FRACTIONS.get(amount) or self._marked(f"{_plain(amount):,f}")
        return f"{number} {unit if amount <= 1 else plural(unit)}".strip()

    def moment(self, moment: datetime) -> str:
        """Write a date and time of the shop: «lun 2 mar, 10:30 a.m.»."""
        local = moment.astimezone(_zone(self.time_zone))
        day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"
        return f"{day}, {self.clock(local.time())}"

    def clock(self, at: time) -> str:
        """Write a time of day: «10:30 a.m.»."""
        half = "a.m." if at.hour < 12 else "p.m."
        return f"{at.hour % 12 or 12}:{at.minute:02d} {half}"

    def _symbol(self, currency: str) -> str:
        if currency == "USD" and self.country not in _DOLLAR_COUNTRIES:
            return "US$"
        return _SYMBOLS.get(currency, f"{currency} ")

    def _marked(self, number: str) -> str:
        if self.country not in _COMMA_COUNTRIES:
            return number
        return number.translate(str.maketrans(",.", ".,"))


def phone(number: str) -> str:
    """Write a phone number as it is dialled from anywhere: «+52 55 1234 5678»."""
    # WhatsApp names Mexican mobiles with a 1 that nobody dials any more.
    dialled = re.sub(r"\+521(?=\d{10}$)", "+52", number)
    try:
        parsed = phonenumbers.parse(dialled)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def plural(unit: str) -> str:
    """Return the plural of a unit: «pieza», «piezas»; «garrafón de 20 l», «garrafones de 20 l»."""
    first, space, rest = unit.strip().partition(" ")
    if first.casefold() in _INVARIABLE or not first or not first[-1].isalpha():
        return unit
    return f"{_plural(first)}{space}{rest}"


def _plural(word: str) -> str:
    last = word[-1].casefold()
    if last in "aeiouáéó":
        return f"{word}s"
    if last in "sx":
        return word
    if last == "z":
        return f"{word[:-1]}ces"
    for accented, bare in (("án", "an"), ("én", "en"), ("ín", "in"), ("ón", "on"), ("ún", "un")):
        if word.endswith(accented):
            return f"{word[:-2]}{bare}es"
    return f"{word}es"


def _plain(amount: Decimal) -> Decimal:
    """Drop trailing zeros without falling into exponents: 10, not 1E+1."""
    whole = amount.to_integral_value()
    return whole if amount == whole else amount.normalize()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
