"""`wabot tenant clone`."""

from typing import Annotated

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.database import DatabasePasswordFile, DatabaseUrl, IsolationOption
from wabot.cli.tenant.filled import read_new_shop, tell
from wabot.cli.tenant.options import DryRun, NewNumber, Slug, TokenFile
from wabot.cli.tenant.token_proof import Verify, note_end
from wabot.errors import InvalidInput


def clone(
    slug: Slug,
    new: Annotated[str, typer.Argument(help="Short name of the copy.")],
    *,
    phone_number_id: NewNumber = "",
    token_file: TokenFile = None,
    name: Annotated[str, typer.Option(help="The copy's name; the original's by default.")] = "",
    plan: Annotated[str, typer.Option(help="The original's by default.")] = "",
    waba_id: Annotated[str, typer.Option(help="WhatsApp Business Account, when known.")] = "",
    app_id: Annotated[str, typer.Option(help="Meta app; the original's by default.")] = "",
    with_: Annotated[
        str,
        typer.Option(
            "--with", metavar="customers", help="Copy customers, orders and messages as well."
        ),
    ] = "",
    empty: Annotated[
        bool, typer.Option("--empty", help="Copy settings and order states only, no products.")
    ] = False,
    verify: Verify = True,
    isolation: IsolationOption = "schema",
    database_url: DatabaseUrl = "",
    database_password_file: DatabasePasswordFile = None,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Make another shop like this one: its catalogue and settings, a number of its own."""
    from wabot.container import open_tenants
    from wabot.services.provisioning.lifecycle_ports import Extent

    out = Output("tenant clone", json=json)
    if with_ not in {"", "customers"}:
        raise InvalidInput(f"--with takes customers, got {with_!r}")
    if with_ and empty:
        raise InvalidInput("--with customers and --empty cannot both be")
    extent = Extent.CUSTOMERS if with_ else Extent.EMPTY if empty else Extent.SHOP
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    shop = read_new_shop(
        out,
        settings,
        slug=new,
        name=name,
        plan=plan,
        phone_number_id=phone_number_id,
        token_file=token_file,
        waba_id=waba_id,
        app_id=app_id,
        place=(isolation, database_url, database_password_file),
        verify=verify,
    )
    with open_tenants(settings) as provisioning:
        creation = provisioning.clone.run(slug, shop.asked, extent, at=shop.at, dry_run=dry_run)
        note_end(provisioning, creation, shop.facts)
    tell(out, creation, f"a copy of {slug} ({extent.value})", dry_run=dry_run)
