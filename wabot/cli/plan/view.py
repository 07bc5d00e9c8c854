"""A client's plan as the operator sees it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wabot.domain.plan import COMING, Feature, Limit
from wabot.domain.plan_standing import end_in_words
from wabot.services.provisioning.plan_report import PlanReport
from wabot.services.provisioning.update import Change


def describe(report: PlanReport) -> dict[str, Any]:
    """Return the report as data."""
    tenant, allowed = report.tenant, report.allowance
    standing = tenant.standing
    used = {Limit.MESSAGES: report.use.messages, Limit.PRODUCTS: report.use.active_products}
    return {
        "slug": tenant.slug,
        "plan": tenant.plan,
        "phase": report.phase.value,
        "time_zone": tenant.time_zone,
        "trial_ends_at": _iso(standing.trial_ends_at),
        "grace_ends_at": _iso(standing.grace_ends_at),
        "suspends_at": _iso(standing.suspends_at),
        "suspended_from": _iso(standing.suspended_from),
        "limits": {
            limit.value: {
                "plan": getattr(allowed.plan, limit.value),
                "allowed": getattr(allowed, limit.value),
                "used": used[limit],
            }
            for limit in Limit
        },
        "features": {feature.value: allowed.includes(feature) for feature in Feature},
        "coming": [feature.value for feature in Feature if feature in allowed.features & COMING],
        "overrides": [
            {
                "item": override.item,
                "value": override.value,
                "reason": override.reason,
                "starts_at": _iso(override.starts_at),
                "ends_at": _iso(override.ends_at),
                "state": state.value,
            }
            for override, state in report.overrides
        ],
    }


def in_lines(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line for each fact, for people."""
    lines = {key: data[key] for key in ("slug", "plan", "phase")}
    dates = ("trial_ends_at", "grace_ends_at", "suspends_at", "suspended_from")
    lines |= {key: _local(data[key], data["time_zone"]) for key in dates if data[key]}
    for limit, figures in data["limits"].items():
        apart = "" if figures["allowed"] == figures["plan"] else f" (plan: {figures['plan']:,})"
        lines[limit] = f"{figures['used']:,} of {figures['allowed']:,}{apart}"
    lines |= data["features"]
    lines |= dict.fromkeys(data["coming"], "not yet: it is coming")
    for number, found in enumerate(data["overrides"], 1):
        period = _period(found["item"], found, data["time_zone"])
        lines[f"override_{number}"] = f"{found['state']}: {period}"
    return lines


def item_in_words(found: Mapping[str, Any]) -> str:
    """Return what an override gives or takes away."""
    if found["item"] in set(Feature):
        return f"{'+' if found['value'] else '-'}{found['item']}"
    return f"{found['item']} {found['value']:,}"


def change_in_words(change: Change, time_zone: str) -> str:
    """Return a change of an agreement as a line."""
    if change.what in {"trial_ends_at", "grace_ends_at", "suspends_at"}:
        return (
            f"{change.what}: {_local(change.before, time_zone)} → {_local(change.after, time_zone)}"
        )
    pairs = [(change.what, found, time_zone) for found in change.after]
    return "; ".join(_period(*pair) for pair in pairs) or f"{change.what}: the plan's"


def _period(item: str, found: Mapping[str, Any], time_zone: str) -> str:
    until = ""
    if found["ends_at"]:
        until = f" {end_in_words(datetime.fromisoformat(found['ends_at']), time_zone)}"
    since = _local(found["starts_at"], time_zone)
    return f"{item_in_words({**found, 'item': item})} from {since}{until} ({found['reason']})"


def _local(moment: str | None, time_zone: str) -> str:
    if moment is None:
        return "(nothing)"
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(time_zone))
    return local.isoformat(" ", timespec="minutes")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
