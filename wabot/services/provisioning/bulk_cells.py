"""What is wrong with a row of a file by itself: cell by cell first, then what they say together."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from wabot.domain.country import COUNTRIES
from wabot.domain.slug import check_slug
from wabot.errors import WabotError
from wabot.services.provisioning import request as rules
from wabot.services.provisioning.blueprint import draw_blueprint
from wabot.services.provisioning.places import check_isolation
from wabot.services.provisioning.ports import Templates
from wabot.services.provisioning.request import TenantRequest

COLUMNS = tuple(
    column.name for column in fields(TenantRequest) if column.name != "actor" and column.init
)
REQUIRED = ("slug", "name", "template", "plan", "phone_number_id", "token")
_UPPER = ("country", "currency")
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RawRow:
    """A line of the file as it stands there; `fault` is what made it unreadable as a whole.

    `spoilt` holds, by column, what is wrong with cells whatever they are to say.
    """

    line: int
    values: Mapping[str, str]
    fault: str = ""
    spoilt: Mapping[str, str] = field(default_factory=dict)


def request_of(values: Mapping[str, str], actor: str) -> TenantRequest:
    """Return what a row without faults asks for."""
    known: dict[str, Any] = {name: values[name] for name in COLUMNS if values.get(name)}
    for name in _UPPER:
        if name in known:
            known[name] = known[name].upper()
    return TenantRequest(**known, actor=actor)


def faults_of(
    row: RawRow, values: Mapping[str, str], templates: Templates
) -> list[tuple[str, str]]:
    """Return each faulty column with its fault; no column for what concerns several.

    What cells say together is looked at once each of them is right.
    """
    if row.fault:
        return [("", row.fault)]
    missing = [name for name in REQUIRED if not values.get(name) and name not in row.spoilt]
    found = [("", f"missing: {', '.join(missing)}")] if missing else []
    found += row.spoilt.items()
    for name, check in _checks(values, templates):
        if name not in row.spoilt and (told := _refusal(check)):
            found.append((name, told))
    return found or list(_together(values, templates))


def _checks(
    values: Mapping[str, str], templates: Templates
) -> Iterator[tuple[str, Callable[[], Any]]]:
    checks: dict[str, Callable[[str], Any]] = {
        "slug": check_slug,
        "name": rules.check_name,
        "template": templates.load,
        "plan": rules.check_plan,
        "phone_number_id": partial(rules.check_meta_id, "phone_number_id"),
        "token": rules.check_token,
        "country": lambda code: rules.check_country(code.upper()),
        "currency": lambda code: rules.check_currency(code.upper()),
        "time_zone": rules.check_time_zone,
        "waba_id": partial(rules.check_meta_id, "waba_id"),
        "app_id": partial(rules.check_meta_id, "app_id"),
        "throughput": rules.check_throughput,
        "isolation": check_isolation,
    }
    country = _country(values, templates)
    for whose in ("owner", "adviser"):
        number = values.get(f"{whose}_phone", "")
        # A number without + is one of the country's: it waits until that is known.
        if country in COUNTRIES or number.startswith("+"):
            checks[f"{whose}_phone"] = partial(rules.check_phone, whose, country=country)
    for name, check in checks.items():
        if values.get(name):
            yield name, partial(check, values[name])


def _country(values: Mapping[str, str], templates: Templates) -> str:
    if given := values.get("country"):
        return given.upper()
    try:
        return templates.load(values.get("template", "")).country
    except WabotError:
        return ""


def _together(values: Mapping[str, str], templates: Templates) -> Iterator[tuple[str, str]]:
    asked = request_of(values, "")
    seed = templates.load(asked.template).seed()
    moment = datetime.now(UTC)
    drawn = partial(draw_blueprint, asked, seed, client_id=_NOBODY, now=moment)
    if told := _refusal(drawn):
        yield "", told


def _refusal(check: Callable[[], Any]) -> str:
    try:
        check()
    except WabotError as error:
        return error.message
    return ""
