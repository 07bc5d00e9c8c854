"""What `wabot tenant clone` and `wabot tenant import` have in common."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from wabot.cli.output import Output
from wabot.cli.tenant.events import attached
from wabot.cli.tenant.options import PLAYED_ON_A_COPY
from wabot.errors import InvalidInput

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.services.provisioning.create import Creation
    from wabot.services.provisioning.places import DatabaseAt
    from wabot.services.provisioning.request import TenantRequest
    from wabot.services.provisioning.token_rules import TokenFacts


@dataclass(frozen=True, slots=True)
class NewShop:
    """A shop that is asked for, where it is to be, and what Graph said of its token."""

    asked: "TenantRequest"
    at: "DatabaseAt"
    facts: "TokenFacts | None"


def read_new_shop(
    out: Output,
    settings: "Settings",
    *,
    slug: str,
    name: str,
    plan: str,
    phone_number_id: str,
    token_file: str | None,
    waba_id: str,
    app_id: str,
    place: tuple[str, str, str | None],
    verify: bool,
) -> NewShop:
    """Return what the options ask for, its token proven; what was not given is asked for.

    `place` is what was said of isolation, database and the file with its password.
    """
    from wabot.cli.tenant.database import read_place
    from wabot.cli.tenant.token_proof import prove_token
    from wabot.services.provisioning.request import TenantRequest

    taken = token_file == "-"  # noqa: S105 - where it is read from
    kind, at = read_place(*place, settings, stdin_is_taken=taken)
    number, token = _read_number_and_token(phone_number_id, token_file)
    asked = TenantRequest(
        slug=slug,
        name=name,
        plan=plan,
        phone_number_id=number,
        token=token,
        waba_id=waba_id,
        app_id=app_id,
        isolation=kind.value,
        actor=settings.operator,
    )
    return NewShop(asked, at, prove_token(out, settings, asked, token, verify=verify))


def _read_number_and_token(phone_number_id: str, token_file: str | None) -> tuple[str, str]:
    from wabot.cli.prompts import read_secret
    from wabot.services.provisioning.request import check_meta_id

    if not phone_number_id:
        if not sys.stdin.isatty():
            raise InvalidInput(
                "the new shop needs a number of its own and there is no terminal to ask for it",
                hint="Give --phone-number-id.",
            )
        phone_number_id = typer.prompt("The new number's phone_number_id", err=True)
    number = check_meta_id("phone_number_id", phone_number_id.strip())
    token = read_secret(token_file, option="--token-file", prompt="The new WhatsApp access token")
    return number, token


def tell(
    out: Output, creation: "Creation", origin: str, *, dry_run: bool, rows: int | None = None
) -> None:
    """Say what was made of what, and what comes next."""
    from wabot.cli.tenant.database import place_in_words, planned_tenant

    tenant = creation.tenant
    is_planned = not (creation.created or creation.existed)
    if is_planned:
        tenant = planned_tenant(tenant)
    for warning in creation.warnings:
        out.warn(warning)
    data = {
        "slug": tenant.slug,
        "id": "" if is_planned else str(tenant.id),
        "created": creation.created,
        "dry_run": dry_run,
        "isolation": tenant.placement.isolation.value,
        "schema": tenant.placement.schema,
        "prefix": tenant.placement.prefix,
        "database": tenant.placement.database,
        "phone_number_id": tenant.phone_number_id,
        "revision": tenant.revision,
        "rows": rows,
        "attached_events": creation.attached,
    }
    if creation.created:
        message = (
            f"Created {tenant.slug} ({tenant.name}, {tenant.plan}) from {origin}:"
            f" {place_in_words(tenant.placement)}."
        )
        if creation.attached:
            message += f" {attached(creation.attached)}."
        message += f"\n{PLAYED_ON_A_COPY}"
    elif creation.existed:
        message = f"{tenant.slug} exists already, just as asked. Nothing was changed."
    else:
        message = (
            f"Would create {tenant.slug} ({tenant.name}, {tenant.plan}) from {origin}:"
            f" {place_in_words(tenant.placement)}. Nothing was changed."
        )
    next_ = (
        f"wabot tenant show {tenant.slug}",
        f"wabot simulate conversation --tenant {tenant.slug}",
    )
    out.done(message, data=data, next=() if dry_run else next_)
