"""Which rows of a file can become tenants: all that is wrong is told, line by line."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from wabot.domain.slug import check_slug
from wabot.errors import WabotError
from wabot.services.provisioning import request as rules
from wabot.services.provisioning.blueprint import draw_blueprint
from wabot.services.provisioning.bulk import Result, Row, RowResult
from wabot.services.provisioning.ports import Templates
from wabot.services.provisioning.request import TenantRequest

COLUMNS = tuple(
    column.name for column in fields(TenantRequest) if column.name != "actor" and column.init
)
REQUIRED = ("slug", "name", "template", "plan", "phone_number_id", "token")
_UPPER = ("country", "currency")
# Alone in the namespace: no other row may name the same.
_UNIQUE = ("slug", "phone_number_id")
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RawRow:
    """A line of the file as it stands there; `fault` is what made it unreadable."""

    line: int
    values: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that can become tenants, and those that cannot."""

    rows: tuple[Row, ...]
    bad: tuple[RowResult, ...]


def check_rows(
    raw: Sequence[RawRow], templates: Templates, *, defaults: Mapping[str, str], actor: str
) -> Checked:
    """Check every row by itself and against the others; empty cells take the default."""
    reasons: dict[int, list[str]] = defaultdict(list)
    rows = []
    for given in raw:
        values = {**defaults, **{key: value for key, value in given.values.items() if value}}
        found = [given.fault] if given.fault else list(_faults(values, templates))
        reasons[given.line] += found
        if not found:
            rows.append(Row(given.line, _request(values, actor)))
    for line, reason in _duplicates(raw):
        reasons[line].append(reason)
    slugs = {given.line: given.values.get("slug", "") for given in raw}
    return Checked(
        rows=tuple(row for row in rows if not reasons[row.line]),
        bad=tuple(
            RowResult(line, slugs[line], Result.BAD, "; ".join(found))
            for line, found in sorted(reasons.items())
            if found
        ),
    )


def _request(values: Mapping[str, str], actor: str) -> TenantRequest:
    known: dict[str, Any] = {name: values[name] for name in COLUMNS if values.get(name)}
    for name in _UPPER:
        if name in known:
            known[name] = known[name].upper()
    return TenantRequest(**known, actor=actor)


def _faults(values: Mapping[str, str], templates: Templates) -> Iterable[str]:
    """Yield what is wrong cell by cell; what cells say together is looked at once each is right."""
    missing = [name for name in REQUIRED if not values.get(name)]
    if missing:
        yield f"missing: {', '.join(missing)}"
    checks: dict[str, Callable[[str], Any]] = {
        "slug": check_slug,
        "name": rules.check_name,
        "template": templates.load,
        "plan": rules.check_plan,
        "phone_number_id": lambda value: rules.check_meta_id("phone_number_id", value),
        "token": rules.check_token,
    }
    wrong = bool(missing)
    for name, check in checks.items():
        if values.get(name) and (told := _refusal(partial(check, values[name]))):
            wrong = True
            yield told
    if wrong:
        return
    asked = _request(values, "")
    seed = templates.load(asked.template).seed()
    moment = datetime.now(UTC)
    drawn = partial(draw_blueprint, asked, seed, client_id=_NOBODY, now=moment)
    if told := _refusal(drawn):
        yield told


def _refusal(check: Callable[[], Any]) -> str:
    try:
        check()
    except WabotError as error:
        return error.message
    return ""


def _duplicates(raw: Sequence[RawRow]) -> Iterable[tuple[int, str]]:
    """Yield every line that shares what must be its own: which of them is meant, nobody knows."""
    for name in _UNIQUE:
        lines: dict[str, list[int]] = defaultdict(list)
        for row in raw:
            if value := row.values.get(name, ""):
                lines[value].append(row.line)
        for value, found in lines.items():
            if len(found) > 1:
                together = f"{name} {value} stands on the lines {', '.join(map(str, found))}"
                for line in found:
                    yield line, together
