"""Watches how far shops used up their plans, and tells whoever must know once of each line.

What was counted is the record: a process that dies before it tells is followed by one that finds
the same number, because the event that was being handled is handled again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from uuid import UUID

from wabot.domain.alerts.rules import Rule
from wabot.domain.conversation.effects import Role
from wabot.domain.conversation.flows.notices import quota_reached
from wabot.domain.counted import counted
from wabot.domain.plan import plan_of
from wabot.domain.tenant import Tenant
from wabot.domain.usage import LEVELS, Month, Quota
from wabot.services.runtime.drafting import Drafting
from wabot.services.runtime.events import EventKind, Leased, NewEvent
from wabot.services.runtime.playing import Noticed
from wabot.services.runtime.ports import Clock, Journal, TurnUnit
from wabot.services.runtime.reach import judged, names_of, templates_of
from wabot.services.runtime.turns import Outgoing, Outlook, TurnWrites

OF_THE_SHOP = "shop"
"""The conversation of events that concern a shop as a whole."""


def quota_of(tenant: Tenant, counted: int, at: datetime) -> Quota:
    """Return how far a tenant used up its plan."""
    return Quota(counted, tenant.allowance(at).messages_per_month)


def used_in_words(tenant: Tenant, quota: Quota) -> str:
    """Say how much of what was used, whether it is the plan's limit or one agreed apart from it."""
    of_plan = plan_of(tenant.plan).messages_per_month
    used = f"{tenant.slug} used {quota.used:,} of the {counted(quota.limit, 'message')}"
    if quota.limit == of_plan:
        return f"{used} that its plan {tenant.plan} has for this month."
    return f"{used} agreed with it for this month (its plan {tenant.plan} has {of_plan:,})."


def alert_key(client_id: UUID, rule: Rule) -> str:
    """Return the key of the alert that a client crossed a line."""
    return f"{rule.value}:{client_id}"


@dataclass(slots=True)
class QuotaWatch:
    """Notes counts as they are read or made; `dispatch` gets the conversation that is to tell."""

    journal: Journal
    clock: Clock
    dispatch: Callable[[Iterable[Leased]], None]
    _noted: dict[UUID, int] = field(default_factory=dict)
    _filed: dict[UUID, tuple[Month, int, int]] = field(default_factory=dict)

    def note(self, tenant: Tenant, counted: int) -> None:
        """Keep how many messages of the month a tenant has."""
        self._noted[tenant.id] = counted

    async def alert(self, tenant: Tenant, quota: Quota) -> None:
        """Tell the operator that a line was crossed."""
        rule = Rule.QUOTA_100 if quota.is_used_up else Rule.QUOTA_80
        consequence = (
            "New conversations get the shop's phone until the month turns."
            if quota.is_used_up
            else "Beyond the limit new conversations only get the shop's phone."
        )
        await self.journal.raise_alert(
            alert_key(tenant.id, rule),
            rule,
            tenant.id,
            f"{used_in_words(tenant, quota)} {consequence} See: wabot plan usage {tenant.slug}",
        )

    async def heed(self, tenant: Tenant) -> None:
        """File an event when a line is crossed that none was filed for; the inbox knows them.

        Awaited before the events that led there are closed.
        """
        counted = self._noted.pop(tenant.id, None)
        if counted is None:
            return
        now = self.clock.now()
        quota = quota_of(tenant, counted, now)
        if not quota.level:
            return
        month = Month.at(now, tenant.time_zone)
        line = (month, quota.limit, quota.level)
        if self._filed.get(tenant.id) == line:
            return
        event = NewEvent(
            phone_number_id=tenant.phone_number_id,
            dedup_key=f"quota:{month}:{quota.level}:{quota.limit}",
            kind=EventKind.QUOTA,
            contact=OF_THE_SHOP,
            payload={"month": str(month), "level": quota.level, "limit": quota.limit},
            occurred_at=now,
            client_id=tenant.id,
            # Of nobody's message: it concerns all of them.
            request_id=token_hex(16),
        )
        self.dispatch((await self.journal.accept([event])).leased)
        self._filed[tenant.id] = line


async def warn_owner(
    unit: TurnUnit,
    tenant: Tenant,
    drafting: Drafting,
    quota: Quota,
    *,
    claimed_by: str,
    claim: timedelta,
) -> list[Outgoing]:
    """Write what the owner is told of the level that is reached; nothing when they know.

    A plan that grew has lines of its own. Who is told of all of the limit is told of all below it.
    """
    now, settings = drafting.now, drafting.shop.settings
    month = Month.at(now, tenant.time_zone)
    levels = [level for level in LEVELS if level <= quota.level]
    if not await unit.first_warning(month, levels, quota.limit):
        return []
    said = quota_reached(quota, tenant.allowance(now).plan)
    key = f"quota:{month}:{quota.level}:{quota.limit}"
    rows = []
    for row in drafting.notices([Noticed(Role.OWNER, said, key)]):
        last = await unit.last_message_at(names_of(row.recipient), tenant.phone_number_id)
        rows.append(judged(row, Outlook(last, templates_of(settings)), now))
    if rows:
        await unit.write(
            TurnWrites(
                customer_id=None,
                contact=OF_THE_SHOP,
                at=now,
                claimed_by=claimed_by,
                claim=claim,
                outgoing=tuple(rows),
            )
        )
    return rows
