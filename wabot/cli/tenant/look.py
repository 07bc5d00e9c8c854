"""`wabot tenant list` and `wabot tenant show`."""

from wabot.cli.output import JsonOption, Output, plain
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import Slug

_SHOWN = ("slug", "name", "plan", "status", "phone_number_id")


def list_(json: JsonOption = False) -> None:
    """List the shops."""
    from wabot.container import open_tenants
    from wabot.services.provisioning.ports import TenantSummary

    out = Output("tenant list", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        found = provisioning.tenants.listing()
    # On a terminal what fits in 80 columns; the rest is in `tenant show`.
    columns = _SHOWN if out.on_terminal else TenantSummary._fields
    rows = [[plain(getattr(line, name)) for name in columns] for line in found]
    out.table(columns, rows, next=() if rows else ("wabot tenant create --help",))


def show(slug: Slug, json: JsonOption = False) -> None:
    """Show everything about a shop but its secrets."""
    from wabot.cli.tenant.view import describe, flatten, remedies
    from wabot.container import open_tenants
    from wabot.services.provisioning.look import report_on

    out = Output("tenant show", json=json)
    settings = read_settings(out)
    with open_tenants(settings) as provisioning:
        report = report_on(provisioning.tenants, slug)
        backup = provisioning.backups.last(slug).get(slug)
    data = describe(report, settings, backup)
    if report.unread is not None:
        # A shop that is being deleted has lost its tables already.
        reason = f"{report.unread.message}. {report.unread.hint}".strip()
        out.warn(f"{slug} is {report.tenant.status.value} and its tables cannot be read: {reason}")
    out.record(data if json else flatten(data), next=remedies(report))
