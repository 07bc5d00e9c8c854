"""`wabot tenant subscribe`."""

import asyncio
from typing import TYPE_CHECKING

from wabot.cli.output import JsonOption, Output
from wabot.cli.tenant.options import Slug
from wabot.errors import Refused

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.domain.tenant import Tenant


def subscribe(slug: Slug, json: JsonOption = False) -> None:
    """Let our Meta app hear of what reaches a shop's WhatsApp account: once for each account."""
    from wabot.cli.settings import read_settings
    from wabot.container import open_tenants
    from wabot.services.provisioning.look import find_tenant

    out = Output("tenant subscribe", json=json)
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    with open_tenants(settings) as provisioning:
        tenant = find_tenant(provisioning.tenants, slug)
        token = provisioning.cipher.decrypt(tenant.id, tenant.token)
        account, apps = asyncio.run(_subscribe(settings, tenant, token))
        provisioning.changes.note(
            tenant, actor=provisioning.actor, action="tenant.subscribe", details={"waba": account}
        )
    heard = ", ".join(sorted(apps))
    out.done(
        f"The account {account} of {slug} tells its webhooks to: {heard}.",
        data={"slug": slug, "waba_id": account, "apps": sorted(apps)},
        next=(f"wabot check whatsapp {slug}",),
    )


async def _subscribe(
    settings: "Settings", tenant: "Tenant", token: str
) -> tuple[str, frozenset[str]]:
    from wabot.container import graph_client
    from wabot.gateways.whatsapp.accounts import GraphAccounts
    from wabot.gateways.whatsapp.inspection import GraphInspector
    from wabot.services.provisioning.token_rules import account_of

    async with graph_client(settings) as graph:
        facts = await GraphInspector(graph).inspect(token)
        account = account_of(tenant, facts)
        if not account:
            raise Refused(
                f"the WhatsApp account of {tenant.slug} is not known",
                hint=f"Set it first: wabot tenant update {tenant.slug} --waba-id …",
            )
        if tenant.app_id and facts.app_id and facts.app_id != tenant.app_id:
            raise Refused(
                f"the token of {tenant.slug} is of the app {facts.app_id}, not of"
                f" {tenant.app_id}: the wrong app would be subscribed",
                hint=f"Give it one of its own app: wabot tenant rotate-token {tenant.slug}",
            )
        accounts = GraphAccounts(graph)
        await accounts.subscribe(account, token)
        return account, await accounts.subscribed(account, token)
