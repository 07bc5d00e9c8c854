"""What the operator asks for when creating a tenant, and the rules it must meet."""

import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

import phonenumbers

from wabot.domain.country import COUNTRIES, CURRENCIES
from wabot.domain.plan import PLANS, Plan
from wabot.domain.slug import check_slug
from wabot.domain.tenant import THROUGHPUT
from wabot.errors import InvalidInput, UnknownChoice

MOST_THROUGHPUT = 1000


@dataclass(frozen=True, slots=True)
class TenantRequest:
    """A tenant to be made; empty texts take the template's or the country's default."""

    slug: str
    name: str
    plan: str
    phone_number_id: str
    token: str = field(repr=False)
    template: str = ""
    country: str = ""
    currency: str = ""
    time_zone: str = ""
    owner_phone: str = ""
    adviser_phone: str = ""
    waba_id: str = ""
    app_id: str = ""
    throughput: str = ""
    isolation: str = "schema"
    actor: str = "operator"


def unknown(kind: str, given: str, known: Iterable[str]) -> UnknownChoice:
    """Return the refusal of a name, with the known ones and the likely meant one."""
    choices = sorted(known)
    close = get_close_matches(given, choices, n=1)
    return UnknownChoice(
        f"unknown {kind} {given!r}; known: {', '.join(choices)}",
        hint=f"Did you mean {close[0]}?" if close else "",
    )


def check_choices(*, slug: str, plan: str) -> None:
    """Refuse what can be told wrong before any secret is asked for."""
    check_slug(slug)
    check_plan(plan)


def check_name(name: str) -> str:
    """Return the shop's name as customers will read it."""
    clean = " ".join(name.split())
    if not clean or len(clean) > 100 or not clean.isprintable():
        raise InvalidInput("the name must have 1 to 100 printable characters")
    return clean


def check_plan(code: str) -> Plan:
    """Return the plan of that code."""
    if code not in PLANS:
        raise unknown("plan", code, PLANS)
    return PLANS[code]


def check_meta_id(what: str, value: str) -> str:
    """Return an id of Meta's: digits only."""
    if not re.fullmatch(r"[0-9]{1,32}", value):
        raise InvalidInput(
            f"the {what} must be digits only, got {value!r}",
            hint="Meta app dashboard → WhatsApp → API Setup shows the ids below the phone number;"
            " the phone number itself is none of them.",
        )
    return value


def check_optional_meta_id(what: str, value: str) -> str:
    """Return an id of Meta's, or nothing."""
    return check_meta_id(what, value) if value else ""


def check_throughput(value: str) -> int:
    """Return the messages per second of a number; Meta's usual limit when none is given."""
    if not value:
        return THROUGHPUT
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= MOST_THROUGHPUT:
        raise InvalidInput(
            f"the throughput must be a whole number from 1 to {MOST_THROUGHPUT}, got {value!r}",
            hint="Meta's limits: 80 messages per second, 20 for a number that is used in the"
            " WhatsApp Business app as well, 1000 for a number that Meta has raised.",
        )
    return int(value)


def check_token(token: str) -> str:
    """Return the token without the line break that files end with; never shown in a message."""
    clean = token.strip()
    if not clean:
        raise InvalidInput("the token is empty", hint="Put the access token alone into the file.")
    if not re.fullmatch(r"[!-~]{1,4096}", clean):
        raise InvalidInput(
            "the token holds spaces, line breaks or characters that no access token has",
            hint="Put the access token alone into the file.",
        )
    return clean


def check_country(code: str) -> str:
    """Return the country's code."""
    if code not in COUNTRIES:
        raise unknown("country", code, COUNTRIES)
    return code


def check_currency(code: str) -> str:
    """Return the currency's code."""
    if code not in CURRENCIES:
        raise unknown("currency", code, CURRENCIES)
    return code


def check_time_zone(name: str) -> str:
    """Return the IANA name of the time zone."""
    known = zoneinfo.available_timezones()
    if name not in known:
        close = get_close_matches(name, sorted(known), n=3)
        raise UnknownChoice(
            f"unknown time zone {name!r}: an IANA name is expected, like America/Mexico_City",
            hint=f"Did you mean {' or '.join(close)}?" if close else "",
        )
    return name


def check_phone(whose: str, number: str, country: str) -> str:
    """Return the number in E.164; without + it is read as one of the country's."""
    if not number:
        return ""
    rule = f"the {whose} phone {number!r} is no valid phone number of {country} or with +"
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        raise InvalidInput(rule, hint="For example: +525512345678") from None
    if not phonenumbers.is_valid_number(parsed):
        raise InvalidInput(rule, hint="For example: +525512345678")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
