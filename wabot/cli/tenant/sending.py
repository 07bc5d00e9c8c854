"""`wabot tenant try-sending`."""

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import Slug


def try_sending(slug: Slug, json: JsonOption = False) -> None:
    """Try one message of a shop whose sending stands still; if it passes, all of them go.

    Servers do so by themselves every ten minutes at most, and at once after `rotate-token`.
    """
    from wabot.container import open_tenants
    from wabot.domain.tenant import TenantStatus
    from wabot.errors import Refused
    from wabot.services.provisioning.look import find_tenant

    out = Output("tenant try-sending", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        tenant = find_tenant(provisioning.tenants, slug)
        if tenant.status is not TenantStatus.ACTIVE:
            raise Refused(
                f"{slug} is {tenant.status.value}: nothing of it is sent",
                hint=f"See: wabot tenant show {slug}",
            )
        stopped = provisioning.tenants.try_sending(tenant, actor=provisioning.actor)
    message = (
        f"A running server tries the next message of {slug} within seconds."
        if stopped
        else f"Sending of {slug} does not stand still. Nothing was changed."
    )
    data = {"slug": slug, "trying": stopped}
    out.done(message, data=data, next=(f"wabot tenant show {slug}",))
