"""What is done about messages that may not be sent freely, or did not reach anybody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wabot.domain import window
from wabot.domain.delivery import Reaction, Rejected
from wabot.domain.message import TemplateMessage
from wabot.domain.tenant import Tenant
from wabot.services.runtime.catching_up import tells_what_waited
from wabot.services.runtime.delivery_alerts import DeliveryAlerts
from wabot.services.runtime.ports import Clock, TenantStore
from wabot.services.runtime.reach import in_template, judged, names_of
from wabot.services.runtime.turns import Outgoing, Outlook, Report, SendMark


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """The sender's second thoughts; alerts are raised before rows are marked."""

    store: TenantStore
    alerts: DeliveryAlerts
    clock: Clock

    async def judge(self, tenant: Tenant, row: Outgoing) -> Outgoing:
        """Return the row as it may go now; what its turn decided holds for a fresh one."""
        fresh = row.fresh and not row.withheld
        if fresh or isinstance(row.message, TemplateMessage):
            return row
        # They may have written since the turn found them out of reach.
        row = replace(row, withheld="")
        found = judged(row, await self._outlook(tenant, row), self.clock.now())
        if found.message != row.message:
            await self.store.rewrite(tenant, row.id, found.message)
        return found

    async def withhold(self, tenant: Tenant, row: Outgoing) -> SendMark:
        """Tell of a message that no way is open for; return how it is marked."""
        for untold in await self._untold(tenant, row):
            await self.alerts.unsent(tenant, untold)
        return SendMark(row.id, failed=True, error=row.withheld)

    async def by_template(self, tenant: Tenant, row: Outgoing) -> bool:
        """Put a message that Meta refused as free-form into the shop's template, if it has one."""
        if isinstance(row.message, TemplateMessage):
            return False
        name = (await self._outlook(tenant, row)).templates.get(row.purpose)
        if name is None:
            return False
        await self.store.rewrite(tenant, row.id, in_template(row, name))
        return True

    async def given_up(
        self, tenant: Tenant, row: Outgoing, refusal: Rejected, mark: SendMark
    ) -> SendMark:
        """Tell of a refusal for good; return how the row is marked."""
        free = not isinstance(row.message, TemplateMessage)
        if free and refusal.reaction is Reaction.USE_TEMPLATE:
            for untold in await self._untold(tenant, row):
                await self.alerts.unsent(tenant, untold)
            return replace(mark, failed=True, error=window.CLOSED)
        for untold in await self._untold(tenant, row):
            await self.alerts.failed(tenant, untold, refusal.code, refusal.details)
        return replace(mark, failed=True)

    async def heed(self, tenant: Tenant, reports: Sequence[Report]) -> None:
        """Write on the orders what statuses told of their messages; alert, or take that back."""
        for told in await self.store.reckon(tenant, [report.message_id for report in reports]):
            if not told.failed:
                await self.alerts.arrived(told.row)
            elif told.repeated:
                continue
            elif told.error_code == window.REFUSED and not isinstance(
                told.row.message, TemplateMessage
            ):
                for row in await self._untold(tenant, told.row):
                    await self.alerts.unsent(tenant, row)
            else:
                for row in await self._untold(tenant, told.row):
                    await self.alerts.failed(tenant, row, told.error_code, told.error)

    async def _untold(self, tenant: Tenant, row: Outgoing) -> Sequence[Outgoing]:
        """Return whose news failed with a message: what it was to tell, which waits again."""
        if not tells_what_waited(row):
            return (row,)
        return await self.store.untell(tenant, row.id)

    async def _outlook(self, tenant: Tenant, row: Outgoing) -> Outlook:
        return await self.store.outlook(tenant, names_of(row.recipient))
