"""`wabot tenant create`."""

from typing import TYPE_CHECKING, Annotated

import typer

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.bulk import FromFile, Jobs, SkipBad, create_from, require
from wabot.cli.tenant.database import (
    DatabasePasswordFile,
    DatabaseUrl,
    IsolationOption,
    place_in_words,
    planned_tenant,
    read_place,
)
from wabot.cli.tenant.events import attached
from wabot.cli.tenant.options import PLAYED_ON_A_COPY, Slug, TemplateDir
from wabot.cli.tenant.token_proof import Verify, note_end, prove_token
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.domain.template import ShopSeed
    from wabot.domain.tenant import Tenant
    from wabot.services.provisioning.create import Creation


def create(
    slug: Slug = "",
    *,
    name: Annotated[str, typer.Option(help="The shop's name, as customers read it.")] = "",
    template: Annotated[str, typer.Option(help="Kind of shop, for example abarrotes.")] = "",
    plan: Annotated[str, typer.Option(help="basico, completo or premium.")] = "",
    phone_number_id: Annotated[
        str, typer.Option(help="Id that Meta shows below the phone number; digits only.")
    ] = "",
    token_file: Annotated[
        str | None,
        typer.Option(metavar="PATH|-", help="File with the access token; - reads it from stdin."),
    ] = None,
    owner_phone: Annotated[str, typer.Option(help="The owner's WhatsApp number.")] = "",
    adviser_phone: Annotated[
        str, typer.Option(help="WhatsApp number of the person who answers by hand.")
    ] = "",
    country: Annotated[str, typer.Option(help="ISO code; the template's by default.")] = "",
    currency: Annotated[str, typer.Option(help="ISO code; the country's by default.")] = "",
    time_zone: Annotated[str, typer.Option(help="IANA name; the country's by default.")] = "",
    waba_id: Annotated[str, typer.Option(help="WhatsApp Business Account, when known.")] = "",
    app_id: Annotated[str, typer.Option(help="Meta app; WHATSAPP_APP_ID by default.")] = "",
    throughput: Annotated[
        str,
        typer.Option(help="Messages per second of the number; 80, or 20 beside the Business app."),
    ] = "",
    verify: Verify = True,
    isolation: IsolationOption = "schema",
    database_url: DatabaseUrl = "",
    database_password_file: DatabasePasswordFile = None,
    from_file: FromFile = None,
    jobs: Jobs = 0,
    skip_bad: SkipBad = False,
    template_dir: TemplateDir = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document; with --from JSON Lines, one a row, {ok, …} last.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, show what would be made.")
    ] = False,
) -> None:
    """Create a shop with its own tables, catalogue and settings, or all shops of a file."""
    from wabot.cli.prompts import read_secret
    from wabot.config import use_template_dir
    from wabot.container import open_tenants
    from wabot.errors import InvalidInput
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.services.provisioning.places import check_place
    from wabot.services.provisioning.request import TenantRequest, check_choices, check_plan

    out = Output("tenant create", json=json)
    use_template_dir(template_dir)
    given = {
        "slug": slug,
        "name": name,
        "template": template,
        "plan": plan,
        "phone_number_id": phone_number_id,
        "owner_phone": owner_phone,
        "adviser_phone": adviser_phone,
        "country": country,
        "currency": currency,
        "time_zone": time_zone,
        "waba_id": waba_id,
        "app_id": app_id,
        "throughput": throughput,
        "isolation": isolation,
    }
    if from_file is not None:
        if database_url:
            raise InvalidInput(
                "--database-url cannot be the same for every shop of --from",
                hint="Shops with isolation database get one each on the central server.",
            )
        create_from(
            out,
            from_file,
            given,
            token_file=token_file,
            jobs=jobs,
            skip_bad=skip_bad,
            dry_run=dry_run,
        )
        return
    require(given)
    # Before anything is asked for: a wrong word costs no prompt.
    check_choices(slug=slug, plan=plan)
    FolderTemplates().load(template)
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    kind, at = read_place(
        isolation,
        database_url,
        database_password_file,
        settings,
        stdin_is_taken=token_file == "-",  # noqa: S105 - where it is read from
    )
    check_place(kind, at, check_plan(plan).allowance)
    request = TenantRequest(
        slug=slug,
        name=name,
        plan=plan,
        phone_number_id=phone_number_id,
        token=read_secret(token_file, option="--token-file", prompt="The WhatsApp access token"),
        template=template,
        country=country.upper(),
        currency=currency.upper(),
        time_zone=time_zone,
        owner_phone=owner_phone,
        adviser_phone=adviser_phone,
        waba_id=waba_id,
        app_id=app_id or settings["WHATSAPP_APP_ID"],
        throughput=throughput,
        isolation=kind.value,
        actor=settings.operator,
    )
    facts = prove_token(out, settings, request, request.token, verify=verify)
    with open_tenants(settings) as provisioning:
        creation = provisioning.create.run(request, at=at, dry_run=dry_run)
        note_end(provisioning, creation, facts)
    for warning in filter(None, (*creation.warnings, _app_warning(request.app_id, settings))):
        out.warn(warning)
    _tell(out, creation, dry_run=dry_run)


def _tell(out: Output, creation: "Creation", *, dry_run: bool) -> None:
    is_planned = not (creation.created or creation.existed)
    tenant = planned_tenant(creation.tenant) if is_planned else creation.tenant
    data = {
        "slug": tenant.slug,
        "id": "" if is_planned else str(tenant.id),
        "created": creation.created,
        "dry_run": dry_run,
        "isolation": tenant.placement.isolation.value,
        "database": tenant.placement.database,
        "schema": tenant.placement.schema,
        "prefix": tenant.placement.prefix,
        "role": tenant.placement.role,
        "phone_number_id": tenant.phone_number_id,
        "products": len(creation.seed.products),
        "revision": tenant.revision,
        "attached_events": creation.attached,
    }
    shop = f"{tenant.slug} ({tenant.name}, {tenant.plan}, {tenant.template})"
    if creation.created:
        products = counted(len(creation.seed.products), "product")
        message = f"Created {shop}: {place_in_words(tenant.placement)}, {products}."
        if creation.attached:
            message += f" {attached(creation.attached)}."
        message += f"{_about_notices(creation)}\n{PLAYED_ON_A_COPY}"
    elif is_planned:
        message = f"Would create {shop}:\n{_plan(creation.seed, tenant)}\nNothing was changed."
    else:
        message = f"{shop} exists already, just as asked. Nothing was changed."
    next_ = (
        f"wabot tenant show {tenant.slug}",
        f"wabot simulate conversation --tenant {tenant.slug}",
    )
    out.done(message, data=data, next=() if dry_run else next_)


def _plan(seed: "ShopSeed", tenant: "Tenant") -> str:
    place = tenant.placement
    phones = [key for key in ("owner_phone", "adviser_phone") if seed.settings.get(key)]
    lines = {
        "place": f"{place.isolation.value}: {place_in_words(place)}"
        + (f", schema {place.schema}" if place.database else ""),
        "roles": " ".join(filter(None, (place.role, place.login))),
        "number": f"{tenant.phone_number_id}, {counted(tenant.throughput, 'message')} per second",
        "Meta": f"app {tenant.app_id or '(none)'}, account {tenant.waba_id or '(none)'}",
        "country": f"{tenant.country}, {tenant.currency}, {tenant.time_zone}",
        "catalogue": f"{counted(len(seed.products), 'product')}, order states:"
        f" {', '.join(status.code for status in seed.statuses)}",
        **{key.replace("_", " "): str(seed.settings[key]) for key in phones},
    }
    told = (f"  {what}: {value}" for what, value in lines.items())
    return "\n".join((*told, "  <id> is drawn when the shop is made."))


def _about_notices(creation: "Creation") -> str:
    """Tell what WhatsApp asks for before the shop's people can be written to."""
    settings = creation.seed.settings
    if not settings.get("owner_phone") or settings.get("order_notice_template"):
        return ""
    return (
        "\nNotices of orders reach its people for 24 hours after they last wrote to the shop's"
        " number, and always by an approved template: wabot tenant update"
        f" {creation.tenant.slug} --set order_notice_template=NAME:LANGUAGE"
    )


def _app_warning(app_id: str, settings: "Settings") -> str:
    if not app_id:
        return "the tenant is bound to no Meta app; set WHATSAPP_APP_ID or give --app-id"
    if app_id not in settings.apps:
        return f"no app secret is configured for the Meta app {app_id}: its webhooks are refused"
    return ""
