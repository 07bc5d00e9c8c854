"""What the operator is told of messages that were not sent, or did not arrive."""

from collections.abc import Sequence
from dataclasses import dataclass

from wabot.domain.alerts import Rule
from wabot.domain.delivery import PAYMENT_CODES
from wabot.domain.message import TemplateMessage
from wabot.domain.purpose import Purpose
from wabot.domain.tenant import Tenant
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.ports import Journal
from wabot.services.runtime.turns import CUSTOMER_AUDIENCE, Outgoing

_TEMPLATE_CODES = range(132000, 132100)
_ABOUT = {Purpose.QUOTA_NOTICE: "that the plan's messages of the month run out"}
_REMEDIES = {
    132000: "it needs other body parameters than wabot gives it (see the README)",
    132001: "see in the WhatsApp Manager that it is approved, under that name and language",
    132005: "its own words leave too little room for the values",
    132015: "Meta paused it for its quality: improve it, or name another",
    132016: "Meta disabled it for its quality: make another",
}


@dataclass(frozen=True, slots=True)
class DeliveryAlerts:
    """Alerts about messages, each raised once per fact and counted from then on."""

    journal: Journal
    measures: Measures = UNMEASURED

    async def unsent(self, tenant: Tenant, row: Outgoing) -> None:
        """Tell of a message that was not sent for want of a template."""
        remedy = _other_template(tenant, row.purpose)
        if row.audience == CUSTOMER_AUDIENCE:
            await self.journal.raise_alert(
                f"reply_unsent:{tenant.id}",
                Rule.REPLY_UNSENT,
                tenant.id,
                f"An answer to a customer of {tenant.slug} was not sent: their last message is"
                f" older than 24 hours, and no template is set for it. To set one: {remedy}",
            )
            return
        about = _ABOUT.get(row.purpose, "that a customer wants a person")
        if row.purpose is Purpose.ORDER_NOTICE:
            about = f"of order {_code_in(row.parameters)}"
        await self.journal.raise_alert(
            _out_of_reach(tenant, row.audience),
            Rule.NOTICE_UNSENT,
            tenant.id,
            f"The notice to the {row.audience} of {tenant.slug} {about} was not sent: they did not"
            " write to the shop's number within 24 hours, and no template is set for it. Have them"
            f" write there, or set one: {remedy}",
        )

    async def in_reach(
        self, tenant: Tenant, audiences: Sequence[str], told: Sequence[Outgoing]
    ) -> None:
        """Note that somebody of the shop wrote to its number, and is told the notices that waited.

        Before that is sent: should it fail, its alerts are raised anew.
        """
        for audience in audiences:
            await self.journal.resolve_alert(_out_of_reach(tenant, audience))
        for notice in told:
            await self.arrived(notice)

    async def failed(self, tenant: Tenant, row: Outgoing, code: int | None, details: str) -> None:
        """Tell of a message that Meta refused for good, or took and did not deliver."""
        self.measures.undelivered(tenant.slug)
        if code in PAYMENT_CODES:
            await self.journal.raise_alert(
                f"{Rule.PAYMENT_PROBLEM}:delivery:{tenant.id}",
                Rule.PAYMENT_PROBLEM,
                tenant.id,
                f"Meta does not deliver messages of {tenant.slug} for want of a payment method"
                f" (code {code}): {details}",
            )
        if isinstance(row.message, TemplateMessage) and code in _TEMPLATE_CODES:
            written = f"{row.message.name}:{row.message.language}"
            await self.journal.raise_alert(
                f"template_refused:{tenant.id}:{written}",
                Rule.TEMPLATE_REFUSED,
                tenant.id,
                f"Meta refuses the template {written} of {tenant.slug} (code {code}): {details};"
                f" {_REMEDIES.get(code or 0, 'see it in the WhatsApp Manager')}."
                f" To name another: {_other_template(tenant, row.purpose)}",
            )
        key = _unnoticed(row)
        if key:
            await self.journal.raise_alert(
                key,
                Rule.ORDER_UNNOTICED,
                tenant.id,
                f"The {row.audience} of {tenant.slug} did not get the notice of order"
                f" {_code_in(row.parameters)}: {details or 'no reason given'} (code {code})",
            )

    async def arrived(self, row: Outgoing) -> None:
        """Take back that a message failed: it arrived after all."""
        key = _unnoticed(row)
        if key:
            await self.journal.resolve_alert(key)


def _out_of_reach(tenant: Tenant, audience: str) -> str:
    return f"notice_unsent:{tenant.id}:{audience}"


def _unnoticed(row: Outgoing) -> str:
    about_order = row.order_id is not None and row.audience != CUSTOMER_AUDIENCE
    return f"order_unnoticed:{row.order_id}:{row.audience}" if about_order else ""


def _other_template(tenant: Tenant, purpose: Purpose) -> str:
    return f"wabot tenant update {tenant.slug} --set {purpose.setting}=NAME:LANGUAGE"


def _code_in(parameters: Sequence[str]) -> str:
    return parameters[0] if parameters else "?"
