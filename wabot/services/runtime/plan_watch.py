"""Tells the operator of shops whose trial ends, that owe their plan, or that stopped for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from wabot.domain.alerts import Rule
from wabot.domain.plan_standing import Phase, PlanStanding, end_in_words
from wabot.services.runtime.ports import Clock, Journal

RULES = (Rule.PLAN_TRIAL_ENDS, Rule.PLAN_GRACE, Rule.PLAN_SUSPENDED)
_AHEAD = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class UnpaidShop:
    """A client with dates of payment."""

    id: UUID
    slug: str
    time_zone: str
    standing: PlanStanding


class PlanDates(Protocol):
    """The clients that have dates, and the alerts that stand about them."""

    async def unpaid(self) -> list[UnpaidShop]:
        """Return the clients that do not simply pay: there are few."""

    async def raised(self) -> set[str]:
        """Return the keys of the alerts of these rules that stand."""


@dataclass(frozen=True, slots=True)
class PlanWatch:
    """Raises what holds by business time, once, and resolves what is over."""

    dates: PlanDates
    journal: Journal
    clock: Clock

    async def look(self) -> None:
        """Bring the alerts up to date."""
        now = self.clock.now()
        due = {
            f"{rule.value}:{shop.id}": (rule, shop)
            for shop in await self.dates.unpaid()
            if (rule := _rule(shop.standing, now)) is not None
        }
        raised = await self.dates.raised()
        for key, (rule, shop) in due.items():
            if key not in raised:
                await self.journal.raise_alert(key, rule, shop.id, _message(rule, shop))
        for key in raised - due.keys():
            await self.journal.resolve_alert(key)


def _rule(standing: PlanStanding, now: datetime) -> Rule | None:
    match standing.phase(now):
        case Phase.SUSPENDED:
            return Rule.PLAN_SUSPENDED
        case Phase.GRACE:
            return Rule.PLAN_GRACE
        case Phase.TRIAL:
            ends = standing.trial_ends_at
            return Rule.PLAN_TRIAL_ENDS if ends is not None and ends <= now + _AHEAD else None
        case Phase.PAID:
            stops = standing.suspended_from
            return Rule.PLAN_GRACE if stops is not None and stops <= now + _AHEAD else None


def _message(rule: Rule, shop: UnpaidShop) -> str:
    standing = shop.standing
    stops = f"{_local(standing.suspended_from, shop)}"
    match rule:
        case Rule.PLAN_TRIAL_ENDS:
            assert standing.trial_ends_at is not None
            lasts = end_in_words(standing.trial_ends_at, shop.time_zone)
            return f"The trial of {shop.slug} lasts {lasts}; unpaid it is suspended from {stops}."
        case Rule.PLAN_GRACE:
            return f"{shop.slug} is unpaid and is suspended from {stops}."
        case _:
            return f"{shop.slug} is suspended since {stops}: its customers get no answers."


def _local(moment: datetime | None, shop: UnpaidShop) -> str:
    if moment is None:
        return "no day"
    return f"{moment.astimezone(ZoneInfo(shop.time_zone)):%Y-%m-%d %H:%M}"
