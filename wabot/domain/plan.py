"""What a client pays for: plans, and what is agreed with one client apart from its plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wabot.domain.counted import counted
from wabot.errors import Refused


class Feature(StrEnum):
    """Something a plan may or may not include."""

    OWNER_COMMANDS = "owner_commands"
    FREE_TEXT_ORDERS = "free_text_orders"
    MONTHLY_REPORT = "monthly_report"
    RECURRING_ORDERS = "recurring_orders"
    SEVERAL_OWNER_PHONES = "several_owner_phones"
    OWN_DATABASE = "own_database"


COMING = frozenset(
    {
        Feature.OWNER_COMMANDS,
        Feature.MONTHLY_REPORT,
        Feature.RECURRING_ORDERS,
        Feature.SEVERAL_OWNER_PHONES,
    }
)
"""Features that plans name and this version does not have: nobody is promised them."""


class Limit(StrEnum):
    """Something a plan allows so much of; the names are those of `Plan` and `Allowance`."""

    MESSAGES = "messages_per_month"
    PRODUCTS = "active_products"


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits and features; the code is what `plan_type` holds."""

    code: str
    name: str
    messages_per_month: int
    active_products: int
    features: frozenset[Feature] = frozenset()

    @property
    def allowance(self) -> "Allowance":
        """Return what a client may use with whom nothing else is agreed."""
        return Allowance(self, self.messages_per_month, self.active_products, self.features)


_COMPLETO = frozenset({Feature.OWNER_COMMANDS, Feature.FREE_TEXT_ORDERS, Feature.MONTHLY_REPORT})

PLANS = {
    plan.code: plan
    for plan in (
        Plan("basico", "Básico", 1_000, 50),
        Plan("completo", "Completo", 5_000, 300, _COMPLETO),
        Plan(
            "premium",
            "Premium",
            25_000,
            2_000,
            _COMPLETO
            | {Feature.RECURRING_ORDERS, Feature.SEVERAL_OWNER_PHONES, Feature.OWN_DATABASE},
        ),
    )
}


def plan_of(code: str) -> Plan:
    """Return the plan of that code; for one that this version does not know, the largest.

    Commands accept no unknown plan. Should one stand in a row all the same, no shop's customers
    are to pay for it.
    """
    return PLANS.get(code) or max(PLANS.values(), key=lambda plan: plan.messages_per_month)


@dataclass(frozen=True, slots=True)
class Override:
    """What one client gets instead of its plan's, from `starts_at` to before `ends_at`.

    `item` is the code of a Limit, with a number as value, or of a Feature, with yes or no. Rows
    may hold items that only another version knows.
    """

    item: str
    value: int
    reason: str
    starts_at: datetime
    ends_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether it has begun and has not ended."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where an allowance is not the plan's, and why; yes and no are 1 and 0."""

    item: Limit | Feature
    planned: int
    granted: int
    reason: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client may use at one moment: its plan with what is agreed apart from it."""

    plan: Plan
    messages_per_month: int
    active_products: int
    features: frozenset[Feature]
    deviations: tuple[Deviation, ...] = ()

    def includes(self, feature: Feature) -> bool:
        """Tell whether the feature is on; one that does not exist yet is not."""
        return feature in self.features - COMING


def effective(plan: Plan, overrides: Sequence[Override], at: datetime) -> Allowance:
    """Return what holds at that moment; of several overrides of an item the last given one.

    What has ended, has not begun, or names an item that is not known here, counts for nothing.
    """
    current = {override.item: override for override in overrides if override.holds(at)}
    limits = {limit: getattr(plan, limit.value) for limit in Limit}
    features = set(plan.features)
    deviations = []
    for limit in Limit:
        if found := current.get(limit):
            deviations.append(_deviation(limit, limits[limit], found))
            limits[limit] = found.value
    for feature in Feature:
        if found := current.get(feature):
            deviations.append(_deviation(feature, feature in plan.features, found))
            (features.add if found.value else features.discard)(feature)
    return Allowance(
        plan,
        messages_per_month=limits[Limit.MESSAGES],
        active_products=limits[Limit.PRODUCTS],
        features=frozenset(features),
        deviations=tuple(deviations),
    )


def _deviation(item: Limit | Feature, planned: int, found: Override) -> Deviation:
    return Deviation(item, int(planned), found.value, found.reason, found.ends_at)


def check_active_products(allowance: Allowance, slug: str, *, before: int, after: int) -> None:
    """Refuse what would make more products active than are allowed, with the numbers.

    To be asked in the transaction that activates them, while nobody else can. A shop that has too
    many already, as when an override ended, keeps them but gets no more.
    """
    allowed = allowance.active_products
    if after <= max(before, allowed):
        return
    able = [plan.code for plan in PLANS.values() if plan.active_products >= after]
    ways = [f"choose plan {' or '.join(able)}"] if able else []
    if before:
        ways.insert(0, "deactivate others first")
    has = f"has {before} and would have {after}" if before else f"would have {after}"
    raise Refused(
        f"{_allowing(allowance)} allows {counted(allowed, 'active product')}, {slug} {has};"
        " nothing was changed",
        hint=f"{' or '.join(ways).capitalize()}." if ways else "",
    )


def _allowing(allowance: Allowance) -> str:
    agreed = any(found.item is Limit.PRODUCTS for found in allowance.deviations)
    return f"plan {allowance.plan.code}" + (", with what is agreed apart from it," * agreed)
