"""One shop: reached under its own role, its tables as they should be, its messages going out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from wabot.checks.model import Check, Outcome, Severity, bad, good, skip, warn
from wabot.domain.delivery import PAYMENT_CODES, TOKEN_CODES
from wabot.domain.drift import Finding
from wabot.domain.meta import BILLING
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.services.provisioning.ports import StoppedSending

_UNFINISHED = {TenantStatus.PROVISIONING, TenantStatus.MOVING, TenantStatus.DELETING}
_OF_REVISION = {"behind", "revision", "ledger", "module", "template"}
_OF_SECRETS = {"secret"}
_OF_PLAN = {"plan"}


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop with what is asked about it.

    `findings` are the doctor's, None where the owner's login is not at hand. `enter` opens a
    transaction as its turns do and raises when that fails.
    """

    tenant: Tenant
    findings: Sequence[Finding] | None
    stopped: StoppedSending | None
    enter: Callable[[], Awaitable[None]]

    def of(self, kinds: set[str]) -> Sequence[Finding]:
        """Return the findings of these kinds."""
        return [finding for finding in self.findings or () if finding.kind in kinds]


async def _status(shop: Shop) -> Outcome:
    tenant = shop.tenant
    if tenant.status is TenantStatus.ACTIVE:
        for unknown in shop.of(_OF_PLAN):
            return warn(unknown.what, unknown.repair)
        return good(f"active, plan {tenant.plan}")
    if tenant.status is TenantStatus.SUSPENDED:
        return warn("its customers are not answered", f"wabot tenant resume {tenant.slug}")
    unfinished = shop.of({"unfinished"})
    fix = unfinished[0].repair if unfinished else f"wabot tenant doctor {tenant.slug}"
    return bad(f"it is {tenant.status.value}", fix)


async def _database(shop: Shop) -> Outcome:
    if shop.tenant.status in _UNFINISHED:
        return skip(f"it is {shop.tenant.status.value}")
    await shop.enter()
    place = shop.tenant.placement
    where = f"schema {place.schema}{place.prefix and ', prefix ' + place.prefix}"
    database = f"database {place.database}, " if place.database else ""
    return good(f"{database}{where}, as {place.role}")


def _judged(shop: Shop, findings: Sequence[Finding], well: str) -> Outcome:
    if shop.findings is None:
        return skip("DATABASE_URL is not set here: this machine only serves")
    if not findings:
        return good(well)
    repairs = dict.fromkeys(finding.repair for finding in findings)
    return bad("; ".join(finding.what for finding in findings), "; ".join(repairs))


async def _revision(shop: Shop) -> Outcome:
    return _judged(shop, shop.of(_OF_REVISION), f"at {shop.tenant.revision}")


async def _secrets(shop: Shop) -> Outcome:
    return _judged(shop, shop.of(_OF_SECRETS), "its token opens")


async def _tables(shop: Shop) -> Outcome:
    kinds = {finding.kind for finding in shop.findings or ()}
    others = kinds - _OF_REVISION - _OF_SECRETS - _OF_PLAN - {"unfinished"}
    return _judged(shop, shop.of(others), "tables, rights and role are as they should be")


async def _sending(shop: Shop) -> Outcome:
    if shop.stopped is None:
        return good("messages go out")
    slug = shop.tenant.slug
    since = shop.stopped.since.isoformat(timespec="seconds")
    renew = ""
    if shop.stopped.code in TOKEN_CODES:
        renew = f"wabot tenant rotate-token {slug}, then: "
    elif shop.stopped.code in PAYMENT_CODES:
        renew = f"add or renew the payment method: {BILLING}, then: "
    return bad(
        f"nothing is sent since {since}: {shop.stopped.reason}",
        f"{renew}wabot tenant try-sending {slug}",
    )


TENANT = (
    Check("tenant.status", "it is active", _status, every=1800.0),
    Check("tenant.database", "its tables are reached under its role", _database, every=1800.0),
    Check("tenant.revision", "it is at the newest revision", _revision, every=1800.0),
    Check("tenant.secrets", "its secrets open", _secrets, every=1800.0),
    Check("tenant.tables", "its tables are as they should be", _tables, every=1800.0),
    Check("tenant.sending", "its messages go out", _sending, every=1800.0),
)


async def _strays(findings: Sequence[Finding]) -> Outcome:
    if not findings:
        return good("every schema and role belongs to a shop")
    repairs = dict.fromkeys(finding.repair for finding in findings)
    return bad("; ".join(finding.what for finding in findings), "; ".join(repairs))


STRAYS = (
    Check(
        "tenant.strays",
        "nothing is left of who is gone",
        _strays,
        (),
        Severity.WARNING,
        every=1800.0,
    ),
)
