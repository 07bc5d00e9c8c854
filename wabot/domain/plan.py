"""What a client pays for."""

from dataclasses import dataclass
from enum import StrEnum


class Feature(StrEnum):
    """Something a plan may or may not include."""

    OWNER_COMMANDS = "owner_commands"
    FREE_TEXT_ORDERS = "free_text_orders"
    MONTHLY_REPORT = "monthly_report"
    RECURRING_ORDERS = "recurring_orders"
    SEVERAL_OWNER_PHONES = "several_owner_phones"
    OWN_DATABASE = "own_database"


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits and features; the code is what `plan_type` holds."""

    code: str
    name: str
    messages_per_month: int
    active_products: int
    features: frozenset[Feature] = frozenset()


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
