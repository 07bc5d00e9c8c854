"""Agree with one client on something apart from its plan: limits, features, dates of payment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from wabot.domain.plan import COMING, Feature, Limit, Override, effective, plan_of
from wabot.domain.plan_standing import GRACE, PAYS, PlanStanding, last_day
from wabot.domain.tenant import Tenant
from wabot.errors import InvalidInput
from wabot.services.provisioning import agreement_words as words
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants
from wabot.services.provisioning.update import Change

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class AgreementRequest:
    """What is to hold, in a person's words; what is empty stays as it is.

    Days are those of the shop's time zone and last to their end; `clear` names limits and features
    for which nothing but the plan is to hold any more.
    """

    slug: str
    messages: str = ""
    products: str = ""
    features: Sequence[str] = ()
    since: str = ""
    until: str = ""
    reason: str = ""
    clear: Sequence[str] = ()
    trial_until: str = ""
    grace_until: str = ""
    suspend_on: str = ""
    paid: bool = False

    @property
    def says_anything(self) -> bool:
        """Tell whether there is more than a reason."""
        dates = (self.since, self.until, self.trial_until, self.grace_until, self.suspend_on)
        given = (self.messages, self.products, self.features, self.clear, self.paid)
        return any((*given, *dates))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a tenant stands after it, and what that changed."""

    tenant: Tenant
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()


class Agreements(Protocol):
    """Writes what is agreed, in one transaction that is audited and published."""

    def write(
        self,
        before: Tenant,
        after: Tenant,
        given: Sequence[Override],
        cleared: Sequence[Limit | Feature],
        *,
        at: datetime,
        actor: str,
        changes: Mapping[str, Any],
    ) -> None:
        """Write it. Raises Conflict when somebody else changed the tenant since.

        Refused when fewer products would be allowed than before and than are active.
        """
        ...


@dataclass(frozen=True, slots=True)
class SetAgreement:
    """The use case; running servers follow within seconds, and judge the dates by themselves."""

    tenants: Tenants
    agreements: Agreements
    now: Callable[[], datetime]
    actor: str

    def run(self, asked: AgreementRequest, *, dry_run: bool = False) -> Agreement:
        """Agree on what is asked; asking again for what holds already changes nothing."""
        at = self.now()
        before = find_tenant(self.tenants, asked.slug)
        today = at.astimezone(ZoneInfo(before.time_zone)).date()
        cleared = tuple(words.check_item(name) for name in asked.clear)
        standing = _standing(asked, before, at, today)
        wanted = _overrides(asked, before, at, today)
        kept = tuple(_kept(before.overrides, cleared, at))
        given = tuple(o for o in wanted if not _stands(o, kept, at))
        after = replace(before, standing=standing, overrides=(*kept, *given))
        changes = _changes(before, after)
        agreement = Agreement(after, changes, _warnings(after, given))
        if changes and not dry_run:
            self.agreements.write(
                before,
                after,
                given,
                cleared,
                at=at,
                actor=self.actor,
                changes={change.what: [change.before, change.after] for change in changes},
            )
        return agreement


def _kept(
    overrides: Sequence[Override], cleared: Sequence[Limit | Feature], at: datetime
) -> Iterator[Override]:
    """Yield what is left of them: what is cleared ends, or never begins."""
    for override in overrides:
        if override.item not in cleared or (override.ends_at and override.ends_at <= at):
            yield override
        elif override.starts_at < at:
            yield replace(override, ends_at=at)


def _overrides(
    asked: AgreementRequest, tenant: Tenant, at: datetime, today: date
) -> tuple[Override, ...]:
    values: dict[Limit | Feature, int] = {}
    if asked.messages:
        values[Limit.MESSAGES] = words.check_limit("--messages", asked.messages)
    if asked.products:
        values[Limit.PRODUCTS] = words.check_limit("--products", asked.products)
    values |= {name: int(on) for name, on in words.check_features(asked.features).items()}
    if not values:
        if asked.since or asked.until:
            raise InvalidInput(
                "--from and --until are for what is given by --messages, --products or --feature",
                hint="Dates of payment have options of their own: --trial-until, --grace-until,"
                " --suspend-on.",
            )
        return ()
    reason = " ".join(asked.reason.split())
    if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise InvalidInput(
            "what is agreed apart from the plan needs a --reason of 1 to"
            f" {_LONGEST_REASON} printable characters",
            hint='For example: --reason "Christmas campaign, agreed with Lupita by phone"',
        )
    starts_at, ends_at = _period(asked, tenant, at, today)
    return tuple(
        Override(item, value, reason, starts_at, ends_at) for item, value in values.items()
    )


def _period(
    asked: AgreementRequest, tenant: Tenant, at: datetime, today: date
) -> tuple[datetime, datetime | None]:
    since = words.check_day("--from", asked.since, today) if asked.since else today
    if since < today:
        raise InvalidInput(
            f"--from {since} is in the past: it is {today} in {tenant.time_zone}",
            hint="Leave --from out to begin now.",
        )
    starts_at = at if since == today else words.day_begins(since, tenant.time_zone)
    if not asked.until:
        return starts_at, None
    until = words.check_day("--until", asked.until, today)
    if until < today:
        raise InvalidInput(
            f"--until {until} is in the past: it is {today} in {tenant.time_zone}",
            hint="Give the last day on which it is to hold.",
        )
    if until < since:
        raise InvalidInput(
            f"--until {until} is before --from {since}",
            hint="Give the first day in --from and the last one in --until.",
        )
    return starts_at, words.day_ends(until, tenant.time_zone)


def _stands(wanted: Override, kept: Sequence[Override], at: datetime) -> bool:
    """Tell whether the last that was given for the item is the same already."""
    same = [o for o in kept if o.item == wanted.item and (o.ends_at is None or o.ends_at > at)]
    if not same:
        return False
    last = same[-1]
    begun = wanted.starts_at <= at and last.starts_at <= at
    return (last.value, last.reason, last.ends_at) == (
        wanted.value,
        wanted.reason,
        wanted.ends_at,
    ) and (begun or last.starts_at == wanted.starts_at)


def _standing(asked: AgreementRequest, tenant: Tenant, at: datetime, today: date) -> PlanStanding:
    zone = tenant.time_zone
    dates = (asked.trial_until, asked.grace_until, asked.suspend_on)
    if asked.paid:
        if any(dates):
            raise InvalidInput(
                "--paid takes away the dates that --trial-until, --grace-until and --suspend-on"
                " set: give one or the other"
            )
        return PAYS
    found = tenant.standing
    if asked.trial_until:
        ends = words.day_ends(_future("--trial-until", asked.trial_until, today, zone), zone)
        found = replace(found, trial_ends_at=ends, grace_ends_at=ends + GRACE)
    if asked.grace_until:
        day = _future("--grace-until", asked.grace_until, today, zone)
        ends = words.day_ends(day, zone)
        if found.trial_ends_at is not None and ends < found.trial_ends_at:
            raise InvalidInput(
                f"--grace-until {day} is before the trial's end,"
                f" {last_day(found.trial_ends_at, zone)}",
                hint="Grace follows the trial: give a later day, or a shorter --trial-until.",
            )
        found = replace(found, grace_ends_at=ends)
    if asked.suspend_on:
        day = _future("--suspend-on", asked.suspend_on, today, zone)
        begins = at if day == today else words.day_begins(day, zone)
        found = replace(found, suspends_at=begins)
    return found


def _future(option: str, given: str, today: date, zone: str) -> date:
    day = words.check_day(option, given, today)
    if day < today:
        raise InvalidInput(
            f"{option} {day} is in the past: it is {today} in {zone}",
            hint="To stop a shop at once: wabot tenant suspend SLUG",
        )
    return day


def _changes(before: Tenant, after: Tenant) -> tuple[Change, ...]:
    found = []
    for name in ("trial_ends_at", "grace_ends_at", "suspends_at"):
        old, new = getattr(before.standing, name), getattr(after.standing, name)
        if old != new:
            found.append(Change(name, _iso(old), _iso(new)))
    items = dict.fromkeys(o.item for o in (*before.overrides, *after.overrides))
    for item in items:
        old = [_plain(o) for o in before.overrides if o.item == item]
        new = [_plain(o) for o in after.overrides if o.item == item]
        if old != new:
            found.append(Change(item, old, new))
    return tuple(found)


def _plain(override: Override) -> dict[str, Any]:
    return {
        "value": override.value,
        "reason": override.reason,
        "starts_at": _iso(override.starts_at),
        "ends_at": _iso(override.ends_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _warnings(tenant: Tenant, given: Sequence[Override]) -> tuple[str, ...]:
    plan = plan_of(tenant.plan)
    found = []
    for override in given:
        if override.item in COMING and override.value:
            found.append(f"{override.item} is not in this version yet: it changes nothing so far")
        (told,) = effective(plan, [override], override.starts_at).deviations
        if told.planned == told.granted:
            found.append(
                f"{override.item} is so in plan {plan.code} anyway; it stays so when the plan"
                " changes"
            )
    return tuple(found)
