"""`wabot tenant update`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.events import attached
from wabot.cli.tenant.keep_products import choose_kept, read_kept
from wabot.cli.tenant.options import DryRun, Slug
from wabot.domain.counted import counted
from wabot.errors import InvalidInput

if TYPE_CHECKING:
    from wabot.services.provisioning.update import Update


def update(
    slug: Slug,
    *,
    name: Annotated[str | None, typer.Option(help="The shop's name.")] = None,
    plan: Annotated[str | None, typer.Option(help="basico, completo or premium.")] = None,
    owner_phone: Annotated[
        str | None, typer.Option(help="The owner's WhatsApp number; empty for none.")
    ] = None,
    adviser_phone: Annotated[
        str | None, typer.Option(help="Who answers by hand; empty for none.")
    ] = None,
    phone_number_id: Annotated[
        str | None, typer.Option(help="Another number, by the id that Meta shows.")
    ] = None,
    waba_id: Annotated[str | None, typer.Option(help="WhatsApp Business Account.")] = None,
    app_id: Annotated[str | None, typer.Option(help="Meta app.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO code.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO code.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA name.")] = None,
    throughput: Annotated[
        str | None,
        typer.Option(
            help="Messages per second that Meta allows the number: 80; 20 with the Business app"
            " beside (coexistence); up to 1000 when Meta has raised it."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the shop; repeatable."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take a plan that is below today's use.")
    ] = False,
    keep_products: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|SKU,…",
            help="With --force: the products that stay active, a sku a line or with commas.",
        ),
    ] = None,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Change a shop; running servers follow within seconds.

    Settings are owner_notices, opening_hours, addressing, those of the shop's template and modules
    …: an unknown one is answered with all of them. `wabot tenant show` tells those that were set.
    """
    from wabot.container import open_tenants
    from wabot.services.provisioning.update import UpdateRequest

    out = Output("tenant update", json=json)
    given = {
        "name": name,
        "plan": plan,
        "owner_phone": owner_phone,
        "adviser_phone": adviser_phone,
        "phone_number_id": phone_number_id,
        "waba_id": waba_id,
        "app_id": app_id,
        "country": country.upper() if country else country,
        "currency": currency.upper() if currency else currency,
        "time_zone": time_zone,
        "throughput": throughput,
    }
    fields = {key: value for key, value in given.items() if value is not None}
    settings = _settings(set_ or [])
    if not fields and not settings:
        raise InvalidInput("nothing to change was given", hint="See: wabot tenant update --help")
    keep = read_kept(keep_products) if keep_products is not None else None
    if keep is not None and not (force and plan):
        raise InvalidInput(
            "--keep-products is for a smaller plan",
            hint="Give it with --plan and --force.",
        )
    with open_tenants(read_settings(out)) as provisioning:
        use_case = provisioning.update
        if force and plan and keep is None:
            allowed, active = use_case.excess(slug, plan)
            keep = choose_kept(active, allowed) if active else None
        asked = UpdateRequest(slug, fields, settings, force=force, keep=keep)
        updated = use_case.run(asked, dry_run=dry_run)
    for warning in updated.warnings:
        out.warn(warning)
    _tell(out, updated, dry_run=dry_run)


def _settings(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, mark, value = word.partition("=")
        if not mark or not key.strip():
            raise InvalidInput(
                f"--set takes KEY=VALUE, got {word!r}", hint="For example: --set addressing=usted"
            )
        if key.strip() in found:
            raise InvalidInput(f"--set gives {key.strip()} twice")
        found[key.strip()] = value
    return found


def _tell(out: Output, updated: "Update", *, dry_run: bool) -> None:
    slug = updated.tenant.slug
    changes = [
        {"what": change.what, "before": change.before, "after": change.after}
        for change in updated.changes
    ]
    off = updated.off_sale
    data: dict[str, Any] = {
        "slug": slug,
        "changes": changes,
        "dry_run": dry_run,
        "attached_events": updated.attached,
        "deactivated": list(updated.deactivated),
        "off_sale": off.count if off else None,
    }
    next_ = [f"wabot tenant show {slug}"]
    if not changes:
        message = f"{slug} is just so already. Nothing was changed."
    else:
        lines = [
            f"  {change.what}: {_shown(change.before)} → {_shown(change.after)}"
            for change in updated.changes
        ]
        head = f"Would change {slug}:" if dry_run else f"Changed {slug}:"
        message = "\n".join((head, *lines))
        if updated.deactivated:
            ways = ("product is", "products are")
            would = ("product would be", "products would be")
            count = len(updated.deactivated)
            message += f"\n{counted(count, *(would if dry_run else ways))} off sale."
        if updated.attached:
            message += f"\n{attached(updated.attached)}."
        if off:
            message += (
                f"\nOff sale are {off.count:,} of {counted(off.products, 'product')};"
                f" {off.allowed:,} may be active now."
            )
            all_fit = off.products <= off.allowed
            next_.append(
                f"wabot catalog activate {slug} --all"
                if all_fit
                else f"wabot catalog list {slug} --inactive"
            )
    out.done(message, data=data, next=next_)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "(nothing)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
