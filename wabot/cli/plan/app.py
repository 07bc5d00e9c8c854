"""`wabot plan`: what shops pay for, and what is agreed with one apart from that."""

from typing import Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.plan.set_ import price, set_
from wabot.cli.plan.usage import usage
from wabot.cli.settings import read_settings
from wabot.errors import InvalidInput

app = typer.Typer(rich_markup_mode=None)
app.command("set")(set_)
app.command("price")(price)
app.command("usage")(usage)

_LISTED = (
    *("plan", "name", "messages_per_month", "active_products"),
    *("features", "coming", "prices"),
)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the plans with their limits, features and prices; what is coming is not there yet."""
    from wabot.container import open_tenants
    from wabot.domain.plan import PLANS

    out = Output("plan list", json=json)
    with open_tenants(read_settings(out)) as provisioning:
        prices = provisioning.plan_prices.read()
    plans = [_plan(code, prices) for code in PLANS]
    if json:
        rows = [tuple(plan[column] for column in _LISTED) for plan in plans]
    else:
        rows = [
            (
                *(plan[column] for column in _LISTED[:4]),
                " ".join(plan["features"]),
                " ".join(plan["coming"]),
                " ".join(f"{amount} {currency}" for currency, amount in plan["prices"].items()),
            )
            for plan in plans
        ]
    unpriced = () if prices else ("wabot plan price basico AMOUNT --currency MXN",)
    out.table(_LISTED, rows, next=unpriced)


@app.command()
def show(
    plan: Annotated[str, typer.Argument(help="basico, completo or premium.")] = "",
    *,
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="SLUG", help="What this shop may use, and uses.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Show a plan; or what one shop may use, why, what it uses, and how it stands."""
    from wabot.cli.plan.view import describe, in_lines
    from wabot.container import open_tenants
    from wabot.services.provisioning.request import check_plan

    if bool(plan) == bool(tenant):
        raise InvalidInput("name a plan, or a shop with --tenant", hint="See: wabot plan list")
    out = Output("plan show", json=json)
    if plan:
        check_plan(plan)
    with open_tenants(read_settings(out)) as provisioning:
        if plan:
            out.record(_shown(_plan(plan, provisioning.plan_prices.read()), json=json))
            return
        report = provisioning.plan_report.run(tenant)
    if report.has_unknown_plan:
        out.warn(
            f"the client's row names the plan {report.tenant.plan!r}, which this version does not"
            f" know: {tenant} is not limited for it. Set one: wabot tenant update {tenant} --plan …"
        )
    data = describe(report)
    out.record(data if json else in_lines(data), next=(f"wabot plan usage {tenant}",))


def _shown(plan: dict[str, Any], *, json: bool) -> dict[str, Any]:
    if json:
        return plan
    flat = {key: plan[key] for key in _LISTED[:4]}
    lists = {key: ", ".join(plan[key]) or "(none)" for key in ("features", "coming")}
    prices = {f"price_{currency}": amount for currency, amount in plan["prices"].items()}
    return flat | lists | prices


def _plan(code: str, prices: Any) -> dict[str, Any]:
    from wabot.domain.plan import COMING, PLANS, Feature

    plan = PLANS[code]
    included = [feature for feature in Feature if feature in plan.features]
    return {
        "plan": code,
        "name": plan.name,
        "messages_per_month": plan.messages_per_month,
        "active_products": plan.active_products,
        "features": [feature.value for feature in included if feature not in COMING],
        "coming": [feature.value for feature in included if feature in COMING],
        "prices": {
            currency: str(amount) for (of, currency), amount in prices.items() if of == code
        },
    }
