"""Each shop's number at Meta: token, number, account, subscription, templates."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Protocol

from wabot.checks.model import Check, Outcome, Severity, bad, good, later, skip, warn
from wabot.domain.counted import counted
from wabot.domain.meta import BILLING, HARMLESS, PAYMENT, AccountFacts, NumberFacts
from wabot.domain.purpose import TemplateName
from wabot.domain.tenant import Tenant
from wabot.errors import ExternalFailure
from wabot.services.provisioning.token_rules import MANAGEMENT, MESSAGING, TokenFacts

_SOON = timedelta(days=7)
_HOURLY = 3600.0
_MANAGER = "https://business.facebook.com/wa/manage"
_STATUS_FIX = {
    "DISCONNECTED": "register the number anew: POST /{id}/register with its PIN",
    "PENDING": "register the number: POST /{id}/register with its PIN",
    "UNVERIFIED": f"verify the number: {_MANAGER}/phone-numbers",
    "FLAGGED": "write only what customers want; the quality must rise within 7 days",
    "RESTRICTED": f"wait for the end of the restriction: {_MANAGER}/home",
    "BANNED": f"ask for a review: {_MANAGER}/home",
}


class LeftForLater(ExternalFailure):
    """Report a question that was not asked, so that Meta's limit holds."""


class ShopAtMeta(Protocol):
    """A shop as Meta shows it; what several checks ask is asked once."""

    tenant: Tenant
    now: datetime

    async def token(self) -> TokenFacts:
        """Return what Graph says of the shop's token."""
        ...

    async def number(self) -> NumberFacts:
        """Return what Graph says of the shop's number."""
        ...

    async def account_id(self) -> str:
        """Return the shop's WhatsApp account: as stored, or the only one that the token is for."""
        ...

    async def account(self) -> AccountFacts:
        """Return what Graph says of the account."""
        ...

    async def subscribed(self) -> frozenset[str]:
        """Return the apps that get the account's webhooks."""
        ...

    async def templates(self) -> Mapping[str, TemplateName] | None:
        """Return the templates that the shop's settings name, by setting; None: out of reach."""
        ...

    async def template(self, name: str) -> Mapping[str, str]:
        """Return the status of a template by language."""
        ...


Question = Callable[[ShopAtMeta], Awaitable[Outcome]]


def _limited(question: Question) -> Question:
    @wraps(question)
    async def ask(shop: ShopAtMeta) -> Outcome:
        try:
            return await question(shop)
        except LeftForLater as error:
            return later(error.message)

    return ask


@_limited
async def _token(shop: ShopAtMeta) -> Outcome:
    facts = await shop.token()
    fix = f"wabot tenant rotate-token {shop.tenant.slug}"
    end = facts.expires_at
    if end is not None and end <= shop.now:
        return bad(f"the token ended at {_moment(end)}", fix)
    if not facts.valid:
        return bad(f"Meta refuses the token: {facts.reason}", fix)
    if end is not None and end - shop.now <= _SOON:
        days = (end - shop.now).days
        return warn(f"the token ends at {_moment(end)}, in {counted(days, 'day')}", fix)
    return good(f"valid until {_moment(end)}" if end else "valid, without end")


@_limited
async def _scopes(shop: ShopAtMeta) -> Outcome:
    facts, tenant = await shop.token(), shop.tenant
    missing = [scope for scope in (MESSAGING, MANAGEMENT) if scope not in facts.scopes]
    if missing:
        return bad(
            f"the token lacks {' and '.join(missing)}",
            "make a token with both WhatsApp permissions (Meta Business settings → System users →"
            f" Generate token), then: wabot tenant rotate-token {tenant.slug}",
        )
    targets = facts.targets.get(MESSAGING, frozenset())
    if tenant.waba_id and targets and tenant.waba_id not in targets:
        return bad(
            f"the token is not for the account {tenant.waba_id}, but for"
            f" {', '.join(sorted(targets))}",
            "give the system user access to that account (Meta Business settings → System users),"
            f" or correct it: wabot tenant update {tenant.slug} --waba-id …",
        )
    return good(f"{MESSAGING}, {MANAGEMENT}")


@_limited
async def _app(shop: ShopAtMeta) -> Outcome:
    facts, tenant = await shop.token(), shop.tenant
    if tenant.app_id and facts.app_id and facts.app_id != tenant.app_id:
        return bad(
            f"the token is of the app {facts.app_id}, the shop is bound to {tenant.app_id}",
            f"if {facts.app_id} is the right app: wabot tenant update {tenant.slug}"
            f" --app-id {facts.app_id}; else give a token of {tenant.app_id}:"
            f" wabot tenant rotate-token {tenant.slug}",
        )
    return good(f"app {facts.app_id}" if facts.app_id else "")


@_limited
async def _status(shop: ShopAtMeta) -> Outcome:
    facts, tenant = await shop.number(), shop.tenant
    if facts.status and facts.status != "CONNECTED":
        fix = _STATUS_FIX.get(facts.status, f"look at the number: {_MANAGER}/phone-numbers")
        return bad(f"the number is {facts.status}", fix.format(id=tenant.phone_number_id))
    if facts.platform and facts.platform != "CLOUD_API":
        return bad(
            f"the number is on {facts.platform}, not on the Cloud API",
            f"register it there: POST /{tenant.phone_number_id}/register with its PIN",
        )
    if facts.mode == "SANDBOX":
        return warn("a test number: it writes only to numbers on its list", "add the shop's own")
    return good(facts.status)


@_limited
async def _quality(shop: ShopAtMeta) -> Outcome:
    quality = (await shop.number()).quality
    fix = f"see what customers complain of: {_MANAGER}/phone-numbers"
    if quality == "RED":
        return bad("quality RED: Meta may restrict the number", fix)
    if quality == "YELLOW":
        return warn("quality YELLOW", fix)
    return good(quality)


@_limited
async def _throughput(shop: ShopAtMeta) -> Outcome:
    facts, tenant = await shop.number(), shop.tenant
    allowed, kept = facts.throughput, tenant.throughput
    why = ", for it is used in the WhatsApp Business app as well" if facts.on_business_app else ""
    if kept > allowed:
        return warn(
            f"Meta takes {counted(allowed, 'message')} a second of the number{why};"
            f" wabot sends up to {kept}",
            f"wabot tenant update {tenant.slug} --throughput {allowed}",
        )
    return good(f"{counted(kept, 'message')} a second, Meta takes {allowed}")


@_limited
async def _health(shop: ShopAtMeta) -> Outcome:
    facts = await shop.number()
    reasons = [e for e in facts.errors if e.code not in HARMLESS | {PAYMENT}]
    said = "; ".join(f"{e.entity} {e.code}: {e.description}".strip() for e in reasons)
    fix = " ".join(dict.fromkeys(e.solution for e in reasons if e.solution))
    fix = fix or f"look at the account: {_MANAGER}/home"
    if facts.can_send == "BLOCKED":
        return bad(f"Meta lets the number send nothing{f' ({said})' if said else ''}", fix)
    return warn(said, fix) if reasons else good(facts.can_send)


@_limited
async def _payment(shop: ShopAtMeta) -> Outcome:
    for error in (await shop.number()).errors:
        if error.code == PAYMENT:
            return bad(
                f"Meta cannot charge the account ({PAYMENT}: {error.description})",
                f"add or renew the payment method: {BILLING}",
            )
    return good()


@_limited
async def _account(shop: ShopAtMeta) -> Outcome:
    if not await shop.account_id():
        return skip(
            f"the WhatsApp account is not known: wabot tenant update {shop.tenant.slug} --waba-id …"
        )
    facts = await shop.account()
    if facts.review and facts.review != "APPROVED":
        return bad(f"Meta's review of the account: {facts.review}", f"see why: {_MANAGER}/home")
    if not facts.currency:
        return warn("the account has no currency: Meta cannot charge it", f"{_MANAGER}/home")
    return good(f"{facts.name}, {facts.currency}")


@_limited
async def _subscribed(shop: ShopAtMeta) -> Outcome:
    account = await shop.account_id()
    if not account:
        return skip("the WhatsApp account is not known")
    app = shop.tenant.app_id or (await shop.token()).app_id
    apps = await shop.subscribed()
    fix = f"wabot tenant subscribe {shop.tenant.slug}"
    if app and app not in apps:
        others = f", only of {', '.join(sorted(apps))}" if apps else ""
        return bad(f"the account {account} is no subscription of the app {app}{others}", fix)
    return good(f"app {app}") if apps else bad(f"no app hears of the account {account}", fix)


@_limited
async def _templates(shop: ShopAtMeta) -> Outcome:
    named = await shop.templates()
    if named is None:
        return later("DATABASE_URL is not set here, which the shop's settings are read with")
    if not named:
        return skip("the shop names no templates")
    if not await shop.account_id():
        return skip("the WhatsApp account is not known")
    problems = []
    for setting, template in named.items():
        status = (await shop.template(template.name)).get(template.language, "")
        if status != "APPROVED":
            problems.append(f"{setting} {template} is {status or 'not there'}")
    if problems:
        return bad(
            "; ".join(problems),
            f"see it in {_MANAGER}/message-templates, or name another:"
            f" wabot tenant update {shop.tenant.slug} --set {next(iter(named))}=NAME:LANGUAGE",
        )
    return good(", ".join(str(template) for template in named.values()))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _check(
    name: str,
    title: str,
    run: Question,
    needs: tuple[str, ...] = ("whatsapp.token",),
    severity: Severity = Severity.ERROR,
) -> Check[ShopAtMeta]:
    # Every shop waits for its turn among all others.
    return Check(f"whatsapp.{name}", title, run, needs, severity, timeout=60.0, every=_HOURLY)


SHOP = (
    _check("token", "Meta takes the token", _token, needs=()),
    _check("scopes", "the token may do what is needed", _scopes),
    _check("app", "the token is of the shop's app", _app, severity=Severity.WARNING),
    _check("number", "the number is connected", _status),
    _check("quality", "customers are content with the number", _quality),
    _check("throughput", "wabot keeps to Meta's speed", _throughput, severity=Severity.WARNING),
    _check("health", "Meta lets the number send", _health),
    _check("payment", "Meta can charge the account", _payment),
    _check("account", "Meta approved the account", _account),
    _check("subscribed", "our app hears of the account", _subscribed),
    _check("templates", "Meta approved the shop's templates", _templates),
)
