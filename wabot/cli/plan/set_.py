"""`wabot plan set` and `wabot plan price`."""

from typing import Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import DryRun, Slug
from wabot.errors import InvalidInput

_DAY = "DAY"


def set_(
    slug: Slug,
    *,
    messages: Annotated[str, typer.Option(metavar="N", help="Messages per month.")] = "",
    products: Annotated[str, typer.Option(metavar="N", help="Active products.")] = "",
    feature: Annotated[
        list[str] | None,
        typer.Option(metavar="+NAME|-NAME", help="Give a feature, or take it away; repeatable."),
    ] = None,
    since: Annotated[
        str, typer.Option("--from", metavar=_DAY, help="First day of it; default: now.")
    ] = "",
    until: Annotated[str, typer.Option(metavar=_DAY, help="Last day of it; default: no end.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed for limits and features.")] = "",
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="messages, products or a feature: the plan's again."),
    ] = None,
    trial_until: Annotated[
        str, typer.Option(metavar=_DAY, help="Last day of the trial; 7 days of grace follow.")
    ] = "",
    grace_until: Annotated[
        str, typer.Option(metavar=_DAY, help="Last day before an unpaid shop is suspended.")
    ] = "",
    suspend_on: Annotated[
        str, typer.Option(metavar=_DAY, help="Day from which the shop is suspended.")
    ] = "",
    paid: Annotated[
        bool, typer.Option("--paid", help="No trial, grace or suspension any more.")
    ] = False,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Agree with a shop on other limits, features or dates than its plan's.

    A DAY is 2026-12-31, or 30d for thirty days from today; it is one of the shop's time zone.
    """
    from wabot.container import open_tenants
    from wabot.services.provisioning.agreements import AgreementRequest

    asked = AgreementRequest(
        slug,
        messages=messages,
        products=products,
        features=feature or (),
        since=since,
        until=until,
        reason=reason,
        clear=clear or (),
        trial_until=trial_until,
        grace_until=grace_until,
        suspend_on=suspend_on,
        paid=paid,
    )
    if not asked.says_anything:
        raise InvalidInput("nothing to agree on was given", hint="See: wabot plan set --help")
    out = Output("plan set", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        agreed = provisioning.agreements.run(asked, dry_run=dry_run)
    for warning in agreed.warnings:
        out.warn(warning)
    data: dict[str, Any] = {
        "slug": slug,
        "changes": [
            {"what": change.what, "before": change.before, "after": change.after}
            for change in agreed.changes
        ],
        "dry_run": dry_run,
    }
    next_ = (f"wabot plan show --tenant {slug}",)
    if not agreed.changes:
        out.done(f"{slug} is just so already. Nothing was changed.", data=data, next=next_)
        return
    from wabot.cli.plan.view import change_in_words

    zone = agreed.tenant.time_zone
    lines = [f"  {change_in_words(change, zone)}" for change in agreed.changes]
    head = f"Would change {slug}:" if dry_run else f"Changed {slug}:"
    out.done("\n".join((head, *lines)), data=data, next=next_)


def price(
    plan: Annotated[str, typer.Argument(help="basico, completo or premium.")],
    amount: Annotated[str, typer.Argument(help="What it costs a month, like 299.")] = "",
    *,
    currency: Annotated[str, typer.Option(help="ISO code; needed.", show_default=False)] = "",
    remove: Annotated[
        bool, typer.Option("--remove", help="Ask no price in that currency any more.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write down what you ask for a plan; wabot itself charges nobody."""
    from wabot.container import open_tenants

    if bool(amount) == remove or not currency:
        raise InvalidInput(
            "a price is an amount and its --currency; --remove and --currency take it away",
            hint=f"For example: wabot plan price {plan} 299 --currency MXN",
        )
    out = Output("plan price", json=json)
    code = currency.upper()
    with open_tenants(read_settings(out)) as provisioning:
        use_case = provisioning.set_plan_price
        if remove:
            value, changed = None, use_case.remove(plan, code)
            message = f"Plan {plan} has no price in {code} any more."
        else:
            found, changed = use_case.run(plan, amount, code)
            value, message = str(found), f"Plan {plan} costs {found} {code} a month."
    if not changed:
        message = "It is so already. Nothing was changed."
    data = {"plan": plan, "currency": code, "price": value, "changed": changed}
    out.done(message, data=data, next=("wabot plan list",))
