"""Change what a tenant is called, pays, answers on, and how its shop behaves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from itertools import chain
from typing import Any

from wabot.domain.migration import modules_of
from wabot.domain.money import minor_units
from wabot.domain.plan import Feature
from wabot.domain.settings import (
    SHOP_SETTINGS,
    SettingKind,
    SettingSpec,
    StoredValue,
    common_setting,
    from_words,
)
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.errors import Conflict, InvalidInput, UnknownChoice, WabotError
from wabot.services.provisioning import request as rules
from wabot.services.provisioning.catalog import Catalog, CatalogProduct
from wabot.services.provisioning.downgrade import Downgrade, check_downgrade, is_less
from wabot.services.provisioning.lifecycle_ports import Changes
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.modules import Modules
from wabot.services.provisioning.plan_report import PlanUses
from wabot.services.provisioning.ports import Templates, Tenants

# Given like columns, kept like settings.
_PHONES = ("owner_phone", "adviser_phone")


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What is to be; what is absent stays. `settings` are in a person's words.

    A plan below today's use is taken by `force` only; then `keep` names the products that stay.
    """

    slug: str
    fields: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    keep: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What changed, from what to what."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class OffSale:
    """How many products are not active, and how many there are and may be."""

    count: int
    products: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Update:
    """What an update changed; `attached` events had waited for the new number.

    `off_sale` is told where more may be sold now than before: how many of all products are not.
    """

    tenant: Tenant
    changes: tuple[Change, ...]
    attached: int = 0
    warnings: tuple[str, ...] = ()
    deactivated: tuple[str, ...] = ()
    off_sale: OffSale | None = None


@dataclass(frozen=True, slots=True)
class UpdateTenant:
    """The use case; running servers follow within seconds."""

    tenants: Tenants
    changes: Changes
    templates: Templates
    modules: Modules
    catalog: Catalog
    uses: PlanUses
    now: Callable[[], datetime]
    actor: str

    def run(self, asked: UpdateRequest, *, dry_run: bool = False) -> Update:
        """Write what differs from what stands; asking again changes nothing."""
        before = find_tenant(self.tenants, asked.slug)
        after = self._changed(before, asked.fields)
        downgrade = self._downgrade(asked, before, after)
        wanted = self._settings(before, after, asked)
        # What is central changes although the shop's own server is away.
        stored = self.tenants.read_seed(before).settings if wanted else {}
        settings = {key: value for key, value in wanted.items() if stored.get(key) != value}
        changes = (
            *_column_changes(before, after),
            *(Change(key, stored.get(key), value) for key, value in settings.items()),
        )
        warnings = (*_warnings(before, after), *_agreed(before, after, self.now()), *downgrade.over)
        if dry_run or not changes:
            warnings = warnings if changes else ()
            off_sale = self._off_sale(before, after)
            return Update(after, changes, 0, warnings, downgrade.taken, off_sale)
        details: dict[str, Any] = {change.what: [change.before, change.after] for change in changes}
        if downgrade.taken:
            details["deactivated"] = list(downgrade.taken)
        attached = self.changes.update(
            before,
            after,
            settings,
            actor=self.actor,
            changes=details,
            at=self.now(),
            kept=downgrade.kept,
        )
        off_sale = self._off_sale(before, after)
        return Update(after, changes, attached, warnings, downgrade.taken, off_sale)

    def _changed(self, before: Tenant, fields: Mapping[str, str]) -> Tenant:
        values: dict[str, Any] = {
            key: _CHECKS[key](value) for key, value in fields.items() if key not in _PHONES
        }
        after = replace(before, **values)
        if after.phone_number_id != before.phone_number_id:
            for holder in self.tenants.holders(before.slug, after.phone_number_id):
                if holder.id != before.id:
                    raise Conflict(
                        f"phone_number_id {after.phone_number_id} already belongs to tenant"
                        f" {holder.slug}",
                        hint=f"See it with: wabot tenant show {holder.slug}",
                    )
        return after

    def _downgrade(self, asked: UpdateRequest, before: Tenant, after: Tenant) -> Downgrade:
        at = self.now()
        allowances = (before.allowance(at), after.allowance(at))
        if not is_less(*allowances):
            return Downgrade()
        return check_downgrade(
            before,
            allowances,
            self.uses.read(before, Month.at(at, before.time_zone)),
            self.catalog.products(before) if asked.keep is not None else (),
            force=asked.force,
            keep=asked.keep,
        )

    def _off_sale(self, before: Tenant, after: Tenant) -> OffSale | None:
        at = self.now()
        allowed = after.allowance(at).active_products
        if allowed <= before.allowance(at).active_products:
            return None
        try:
            products = self.catalog.products(before)
        except WabotError:
            return None  # a larger plan needs no look at the shop, whose server may be away
        count = sum(not product.is_active for product in products)
        return OffSale(count, len(products), allowed) if count else None

    def excess(self, slug: str, plan: str) -> tuple[int, tuple[CatalogProduct, ...]]:
        """Return how many products may stay active in that plan, and those that are active now.

        None are returned where all may stay.
        """
        before, at = find_tenant(self.tenants, slug), self.now()
        after = replace(before, plan=rules.check_plan(plan).code)
        allowed = after.allowance(at).active_products
        active = tuple(p for p in self.catalog.products(before) if p.is_active)
        fits = len(active) <= allowed or allowed >= before.allowance(at).active_products
        return allowed, () if fits else active

    def _settings(
        self, before: Tenant, after: Tenant, asked: UpdateRequest
    ) -> dict[str, StoredValue]:
        words = dict(asked.settings)
        for key in _PHONES:
            if key in asked.fields:
                words[key] = asked.fields[key]
        if not words:
            return {}
        specs = self._specs(before)
        return {key: _stored(specs, key, value, after.country) for key, value in words.items()}

    def _specs(self, tenant: Tenant) -> dict[str, SettingSpec]:
        common = {key: common_setting(key) for key in SHOP_SETTINGS}
        of_modules = (self.modules.load(name).settings for name in modules_of(tenant.revision))
        declared = (
            *chain.from_iterable(of_modules),
            *self.templates.load(tenant.template).settings,
        )
        return common | {spec.key: spec for spec in declared}


def _stored(specs: Mapping[str, SettingSpec], key: str, words: str, country: str) -> StoredValue:
    spec = specs.get(key)
    if spec is None:
        option = key.strip().replace("-", "_")
        if option in _CHECKS:
            raise InvalidInput(
                f"{option} is no setting but has an option of its own",
                hint=f"Instead of --set: --{option.replace('_', '-')} {words}",
            )
        close = get_close_matches(key, specs, n=1)
        raise UnknownChoice(
            f"unknown setting {key!r}; known: {', '.join(sorted(specs))}",
            hint=f"Did you mean {close[0]}?" if close else "",
        )
    if spec.kind is SettingKind.PHONE:
        return rules.check_phone(key.removesuffix("_phone"), words, country)
    value = from_words(spec.kind, words)
    try:
        spec.parse(value)
    except ValueError as error:
        raise InvalidInput(f"setting {key} {error}; got {words!r}", hint=spec.help) from None
    return value


_CHECKS: dict[str, Callable[[str], str | int]] = {
    "name": rules.check_name,
    "plan": lambda code: rules.check_plan(code).code,
    "phone_number_id": lambda value: rules.check_meta_id("phone_number_id", value),
    "waba_id": lambda value: rules.check_optional_meta_id("waba_id", value),
    "app_id": lambda value: rules.check_optional_meta_id("app_id", value),
    "country": rules.check_country,
    "currency": rules.check_currency,
    "time_zone": rules.check_time_zone,
    "throughput": rules.check_throughput,
}


def _column_changes(before: Tenant, after: Tenant) -> tuple[Change, ...]:
    pairs = ((key, getattr(before, key), getattr(after, key)) for key in _CHECKS)
    return tuple(Change(key, old, new) for key, old, new in pairs if old != new)


def _agreed(before: Tenant, after: Tenant, at: datetime) -> Iterator[str]:
    """Tell what was agreed apart from the plan and goes on ruling under the new one."""
    if after.plan == before.plan:
        return
    for agreed in after.allowance(at).deviations:
        item, granted = agreed.item.value, f"{agreed.granted:,}"
        if isinstance(agreed.item, Feature):
            granted = "on" if agreed.granted else "off"
        yield (
            f"{item} stays {granted} as agreed ({agreed.reason}), whatever the plan has;"
            f" to end that: wabot plan set {after.slug} --clear {item}"
        )


def _warnings(before: Tenant, after: Tenant) -> tuple[str, ...]:
    found = []
    if after.currency != before.currency:
        rounded = minor_units(after.currency) < minor_units(before.currency)
        found.append(
            f"prices and former orders keep their figures, now in {after.currency}"
            + (", prices rounded to whole units" if rounded else "")
            + ": correct the prices"
        )
    if after.phone_number_id != before.phone_number_id:
        found.append(
            "the token stays: if the new number needs another one, run"
            f" wabot tenant rotate-token {after.slug}"
        )
    return tuple(found)
