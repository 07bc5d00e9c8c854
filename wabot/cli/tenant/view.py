"""A tenant as the operator sees it."""

from datetime import UTC, datetime
from typing import Any

from wabot.cli.tenant.database import place_in_words
from wabot.config import Settings
from wabot.domain.delivery import TOKEN_CODES
from wabot.domain.placement import placement_to_view
from wabot.domain.places import Places
from wabot.errors import DecryptionFailed
from wabot.gateways.encryption import TokenCipher, fingerprint
from wabot.services.provisioning import unfinished
from wabot.services.provisioning.backup import LastBackup
from wabot.services.provisioning.look import TenantReport
from wabot.services.provisioning.ports import StoppedSending


def describe(report: TenantReport, settings: Settings, backup: LastBackup | None) -> dict[str, Any]:
    """Return everything but secrets; the token as a fingerprint."""
    tenant, counts = report.tenant, report.counts
    own: dict[str, Any] = {"unreadable": report.unread.message} if report.unread else {}
    if report.unread is None:
        own["counts"] = {
            "customers": counts.customers,
            "products": counts.products,
            "active_products": counts.active_products,
            "orders": counts.orders,
            "open_orders": counts.open_orders,
            "untold_orders": counts.untold_orders,
        }
        own["settings"] = dict(report.seed.settings)
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "id": str(tenant.id),
        "status": tenant.status.value,
        "plan": tenant.plan,
        "phase": tenant.standing.phase(datetime.now(UTC)).value,
        "template": tenant.template,
        "phone_number_id": tenant.phone_number_id,
        "waba_id": tenant.waba_id,
        "app_id": tenant.app_id,
        "throughput": tenant.throughput,
        "token": _fingerprint(report, settings),
        "country": tenant.country,
        "currency": tenant.currency,
        "time_zone": tenant.time_zone,
        "created_at": tenant.created_at.isoformat(timespec="seconds") if tenant.created_at else "",
        "revision": tenant.revision,
        "placement": placement_to_view(tenant.placement),
        **_other_places(report.places),
        "sending": _sending(report.stopped),
        "last_backup": {
            "at": backup.at.isoformat(timespec="seconds") if backup else None,
            "address": backup.address if backup else None,
        },
        **own,
    }


def remedies(report: TenantReport) -> tuple[str, ...]:
    """Return what to do about what was begun and did not end, and about a stop of sending."""
    slug = report.tenant.slug
    begun = unfinished.remedies(slug, report.tenant.status, report.places)
    if report.stopped is None:
        return begun
    renew = (f"wabot tenant rotate-token {slug}",) if report.stopped.code in TOKEN_CODES else ()
    return (*begun, *renew, f"wabot tenant try-sending {slug}")


def _other_places(places: Places) -> dict[str, Any]:
    """Return where the tenant is being moved to, and where it was and is kept still."""
    found: dict[str, Any] = {}
    if places.former:
        found["former_places"] = [place_in_words(place) for place in places.former]
    if places.move is not None:
        then = {"status_after": places.move.status.value}
        found["moving_to"] = placement_to_view(places.move.to) | then
    if places.removal is not None:
        found["deleting"] = {
            "status_before": places.removal.status.value,
            "may_be_cancelled": not places.removal.dropping,
        }
    return found


def _sending(stopped: StoppedSending | None) -> dict[str, Any]:
    if stopped is None:
        return {"state": "on"}
    return {
        "state": "stopped",
        "since": stopped.since.isoformat(timespec="seconds"),
        "reason": stopped.reason,
        "code": stopped.code,
        "next_try_at": stopped.next_try_at.isoformat(timespec="seconds"),
        "waiting_events": stopped.waiting_events,
    }


def flatten(data: dict[str, Any]) -> dict[str, Any]:
    """Return one level of keys, joined by dots: a line each off a terminal."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": found for inner, found in value.items()}
        elif isinstance(value, list):
            flat[key] = ", ".join(value)
        else:
            flat[key] = value
    return flat


def _fingerprint(report: TenantReport, settings: Settings) -> str:
    keys = settings["WABOT_MASTER_KEY"]
    if not keys:
        return "stored encrypted; set WABOT_MASTER_KEY to see its fingerprint"
    try:
        return fingerprint(TokenCipher(keys).decrypt(report.tenant.id, report.tenant.token))
    except DecryptionFailed:
        return "no key of WABOT_MASTER_KEY opens it"
