"""Find what is not as it should be with tenants, each finding with what repairs it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wabot.domain.counted import counted
from wabot.domain.drift import Finding
from wabot.domain.migration import modules_of, parse_ledger, to_ledger
from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.plan import PLANS, plan_of
from wabot.domain.tenant import TenantStatus
from wabot.errors import DecryptionFailed, NotFound, UnknownChoice, WabotError
from wabot.services.provisioning.ports import Templates, TokenCipher
from wabot.services.provisioning.stray_findings import CORRECT, finding_of
from wabot.services.provisioning.survey_ports import Condition, Shop, Survey
from wabot.services.provisioning.unfinished import remedies

LOGIN = "login"
Address = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How many shops were looked at, and what was found."""

    shops: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Treatment:
    """A finding and what became of it: empty when it was repaired, else why not."""

    finding: Finding
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ExamineTenants:
    """The use case; `pending` tells what a tenant at a ledger lacks."""

    survey: Survey
    templates: Templates
    pending: Callable[[str], Sequence[object]]
    actor: str
    # None where no key is at hand: secrets are not looked at then.
    cipher: TokenCipher | None = None

    def examine(self, slugs: Sequence[str] | None = None) -> Diagnosis:
        """Look at all shops and at what belongs to none, or at the named shops; changes nothing."""
        shops = self._shops(slugs)
        conditions = self.survey.examine(shops)
        brought = {name: self._brought(name) for name in {shop.template for shop in shops}}
        holders = _holders(shops if slugs is None else self.survey.shops(None))
        findings = [
            finding
            for shop in shops
            for finding in (
                *_of_sharing(shop, holders),
                *self._of_shop(shop, conditions.get(shop.id), brought[shop.template]),
            )
        ]
        if slugs is None:
            findings += self.strays()
        return Diagnosis(len(shops), tuple(findings))

    def strays(self) -> tuple[Finding, ...]:
        """Look at what belongs to no shop alone."""
        return tuple(finding_of(stray) for stray in self.survey.strays())

    def repair(
        self, diagnosis: Diagnosis, *, confirmed: Collection[str] = ()
    ) -> Iterator[Treatment]:
        """Repair what is harmless, and what loses data only where its name was confirmed."""
        shops = {shop.slug: shop for shop in self.survey.shops(None)}
        strays = {stray.name: stray for stray in self.survey.strays()}
        for finding in diagnosis.findings:
            if finding.safe and finding.slug:
                yield Treatment(finding, self._repair(shops[finding.slug], finding))
            elif not finding.slug and (finding.safe or finding.confirm in confirmed):
                # Looked up again: what is removed is a stray still.
                stray = strays.get(finding.confirm)
                failure = self.survey.remove(stray, actor=self.actor) if stray else ""
                yield Treatment(finding, failure)

    def _repair(self, shop: Shop, finding: Finding) -> str:
        if finding.kind == LOGIN:
            return self.survey.renew_login(shop, actor=self.actor)
        return self.survey.repair(shop, finding.sql, actor=self.actor)

    def _shops(self, slugs: Sequence[str] | None) -> tuple[Shop, ...]:
        shops = self.survey.shops(slugs)
        missing = set(slugs or ()) - {shop.slug for shop in shops}
        if missing:
            raise NotFound(
                f"there is no tenant {', '.join(sorted(missing))}",
                hint="See all with: wabot tenant list",
            )
        return shops

    def _brought(self, template: str) -> tuple[str, ...] | WabotError:
        try:
            return self.templates.load(template).modules
        except WabotError as error:
            return error

    def _of_shop(
        self, shop: Shop, condition: Condition | None, brought: tuple[str, ...] | WabotError
    ) -> Iterator[Finding]:
        slug = shop.slug
        yield from self._of_secrets(shop)
        if shop.plan not in PLANS:
            yield Finding(
                slug,
                "plan",
                f"its row names the plan {shop.plan!r}, which this version does not know: it may"
                f" use what {plan_of(shop.plan).code} has",
                f"wabot tenant update {slug} --plan {'|'.join(PLANS)}",
            )
        status = TenantStatus(shop.status)
        unfinished = _UNFINISHED.get(status)
        if unfinished is not None:
            # Its tables are being made, or closed while they are copied.
            repair = ", or: ".join(remedies(slug, status, shop.places))
            yield Finding(slug, "unfinished", unfinished, repair)
            return
        if condition is None:
            return
        if condition.unknown:
            yield Finding(
                slug,
                "unreachable",
                f"its database was not examined: {condition.unknown}",
                f"wabot tenant show {slug}",
            )
            return
        if not condition.exists:
            yield Finding(
                slug,
                "no_tables",
                "it has no tables where its placement says",
                f"restore a backup, or: wabot tenant delete {slug}, then wabot tenant import",
            )
            return
        if condition.misplaced:
            # Its role gets no rights on what may be another's.
            yield Finding(
                slug,
                "owner",
                condition.misplaced,
                f"wabot tenant doctor {slug} --fix" if condition.marking else CORRECT.format(slug),
                condition.marking,
                safe=bool(condition.marking),
            )
            return
        yield from self._of_revisions(shop, condition, brought)
        yield from _of_rights(slug, condition)
        for difference, sql, safe in condition.differences:
            fix = f"wabot tenant doctor {slug} --fix" if safe else "; ".join(sql) + ";"
            if not sql:
                table = f"{shop.places.current.schema}.{shop.places.current.prefix}"
                fix = f"by hand; look at it in psql with: \\d {table}{difference.table}"
            yield Finding(slug, "drift", str(difference), fix, sql, safe=safe)

    def _of_secrets(self, shop: Shop) -> Iterator[Finding]:
        if self.cipher is None:
            return
        place = shop.places.current
        secrets = [("database's password", place.owner_secret, (DATABASE_PASSWORD,))]
        secrets += [("database's password", place.runtime_secret, (DATABASE_PASSWORD,))]
        told = set()
        for name, sealed, purpose in [("token", shop.token, ()), *secrets]:
            if not sealed or name in told:
                continue
            try:
                self.cipher.decrypt(shop.id, sealed, *purpose)
            except DecryptionFailed as error:
                told.add(name)
                other = f"wabot tenant rotate-token {shop.slug} --discard-unreadable"
                yield Finding(
                    shop.slug,
                    "secret",
                    f"no key opens its {name}: {error.message}",
                    "add its key to WABOT_MASTER_KEY" + (f", or: {other}" if not purpose else ""),
                )

    def _of_revisions(
        self, shop: Shop, condition: Condition, brought: tuple[str, ...] | WabotError
    ) -> Iterator[Finding]:
        slug = shop.slug
        try:
            behind = len(self.pending(shop.ledger))
        except WabotError as error:
            yield Finding(slug, "revision", error.message, self._newer(shop, condition, error))
            return
        if condition.versions != parse_ledger(shop.ledger):
            own = ", ".join(condition.versions) or "nothing"
            yield Finding(
                slug,
                "ledger",
                f"its tables say revision {own}, the client's row says {shop.ledger}",
                f"wabot tenant migrate {slug}",
            )
        if behind:
            yield Finding(
                slug,
                "behind",
                f"it lacks {counted(behind, 'revision')}",
                f"wabot tenant migrate {slug}",
            )
        if isinstance(brought, WabotError):
            told = (
                "if it is one of your own, set WABOT_TEMPLATE_DIR to its folder"
                if isinstance(brought, UnknownChoice)
                else f"see why with: wabot tenant template validate {shop.template}"
            )
            yield Finding(slug, "template", brought.message, told)
            return
        for module in sorted(set(brought) - set(modules_of(shop.ledger))):
            yield Finding(
                slug,
                "module",
                f"it lacks the module {module} of its template {shop.template}",
                f"wabot tenant module add {slug} {module}",
            )

    def _newer(self, shop: Shop, condition: Condition, error: WabotError) -> str:
        """Return what to do about a revision of the client's row that is not known here."""
        own = to_ledger(condition.versions)
        try:
            known = bool(own) and own != shop.ledger and self.pending(own) is not None
        except WabotError:
            known = False
        if not known:
            return error.hint
        # The tables are what this wabot knows: the row alone is wrong.
        change = f"SET schema_revision = '{own}' WHERE slug = '{shop.slug}';"
        return f"UPDATE wabot.clients {change}"


_UNFINISHED = {
    TenantStatus.PROVISIONING: "its creation did not end",
    TenantStatus.DELETING: "its deletion did not end",
    TenantStatus.MOVING: "its move did not end",
}


def _of_rights(slug: str, condition: Condition) -> Iterator[Finding]:
    if condition.login is not None:
        safe = condition.login.curable
        repair = f"wabot tenant doctor {slug} --fix" if safe else CORRECT.format(slug)
        yield Finding(slug, LOGIN, condition.login.what, repair, safe=safe)
    if condition.rights:
        yield Finding(
            slug,
            "rights",
            f"its role lacks rights: {len(condition.rights)} statements",
            f"wabot tenant doctor {slug} --fix",
            condition.rights,
            safe=True,
        )
    for power in condition.powers:
        repair = f"wabot tenant doctor {slug} --fix"
        yield Finding(slug, "powers", power.what, repair, power.sql, safe=True)


def _holders(shops: Sequence[Shop]) -> Mapping[Address, Collection[str]]:
    """Return who is, was or is going to be in each place."""
    found: dict[Address, set[str]] = {}
    for shop in shops:
        for place in shop.places.all:
            found.setdefault(place.address, set()).add(shop.slug)
    return found


def _of_sharing(shop: Shop, holders: Mapping[Address, Collection[str]]) -> Iterator[Finding]:
    for place in shop.places.all:
        others = sorted(set(holders[place.address]) - {shop.slug})
        if others:
            yield Finding(
                shop.slug,
                "shared_place",
                f"its place (schema {place.schema}{place.prefix and ', prefix ' + place.prefix})"
                f" is that of {', '.join(others)} too",
                CORRECT.format(others[0]),
            )
