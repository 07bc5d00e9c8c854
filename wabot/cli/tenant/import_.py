"""`wabot tenant import`."""

from contextlib import ExitStack
from typing import Annotated

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.database import DatabasePasswordFile, DatabaseUrl, IsolationOption
from wabot.cli.tenant.filled import read_new_shop, tell
from wabot.cli.tenant.options import DryRun, NewNumber, TokenFile
from wabot.cli.tenant.token_proof import Verify, note_end
from wabot.domain.counted import counted


def import_(
    file: Annotated[
        str, typer.Argument(help="What `wabot tenant export` wrote: a file, or s3://….")
    ],
    *,
    slug: Annotated[str, typer.Option(help="Short name; the export's by default.")] = "",
    phone_number_id: NewNumber = "",
    token_file: TokenFile = None,
    name: Annotated[str, typer.Option(help="The shop's name; the export's by default.")] = "",
    plan: Annotated[str, typer.Option(help="The export's by default.")] = "",
    waba_id: Annotated[str, typer.Option(help="WhatsApp Business Account, when known.")] = "",
    app_id: Annotated[str, typer.Option(help="Meta app; WHATSAPP_APP_ID by default.")] = "",
    verify: Verify = True,
    isolation: IsolationOption = "schema",
    database_url: DatabaseUrl = "",
    database_password_file: DatabasePasswordFile = None,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Make a shop from an export, whole or not at all; what it had not sent stays unsent."""
    from wabot.container import open_tenants
    from wabot.container.depots import export_at

    out = Output("tenant import", json=json)
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    depot, export = export_at(file)
    with ExitStack() as stack:
        provisioning = stack.enter_context(open_tenants(settings))
        path = stack.enter_context(depot.reading(export))
        # Before anything is asked for: a bad file costs no prompt.
        provisioning.exports.check(path)
        shop = read_new_shop(
            out,
            settings,
            slug=slug,
            name=name,
            plan=plan,
            phone_number_id=phone_number_id,
            token_file=token_file,
            waba_id=waba_id,
            app_id=app_id or settings["WHATSAPP_APP_ID"],
            place=(isolation, database_url, database_password_file),
            verify=verify,
        )
        done = provisioning.import_.run(path, shop.asked, at=shop.at, dry_run=dry_run)
        note_end(provisioning, done.creation, shop.facts)
    rows = (
        f"{counted(done.manifest.rows, 'row')} as of {done.manifest.exported_at:%Y-%m-%d %H:%M} UTC"
    )
    tell(out, done.creation, f"{path.name}: {rows}", dry_run=dry_run, rows=done.manifest.rows)
