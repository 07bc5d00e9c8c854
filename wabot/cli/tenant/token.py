"""`wabot tenant rotate-token`."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import Slug, check_whom, duration
from wabot.domain.counted import counted
from wabot.errors import InvalidInput, WabotError

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.container import Provisioning
    from wabot.services.provisioning.rotate_token import RotateToken, Rotation
    from wabot.services.provisioning.token_expiry import Survey

_LISTED = ("slug", "name", "phone_number_id", "expires_at", "checked_at")
EXIT_FINDING = 1
_PROMPT = "The new WhatsApp access token"


def rotate_token(
    slug: Slug = "",
    *,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="PATH|-", help="File with the new token; - reads it from stdin."),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="List the tokens about to end; walk them on a terminal.")
    ] = False,
    expiring: Annotated[str, typer.Option(help="With --all: how soon they end, like 7d.")] = "7d",
    discard_unreadable: Annotated[
        bool,
        typer.Option(
            "--discard-unreadable", help="Give up a present token whose master key is lost."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Give a shop a new access token: proven against Graph first, used by servers at once."""
    from wabot.cli.prompts import read_secret

    out = Output("tenant rotate-token", json=json)
    check_whom("tenant rotate-token", slug, all_)
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    if all_:
        if token_file is not None or discard_unreadable:
            raise InvalidInput("--all takes neither --token-file nor --discard-unreadable")
        asyncio.run(_all(out, settings, duration(expiring, "--expiring")))
        return
    token = read_secret(token_file, option="--token-file", prompt=_PROMPT)
    asyncio.run(_one(out, settings, slug, token, discard=discard_unreadable))


async def _one(out: Output, settings: "Settings", slug: str, token: str, *, discard: bool) -> None:
    from wabot.container import graph_client, open_tenants

    with open_tenants(settings) as provisioning:
        async with graph_client(settings) as graph:
            rotation = await _rotation(provisioning, graph).run(
                slug, token, discard_unreadable=discard
            )
    for warning in rotation.warnings:
        out.warn(warning)
    out.done(_told(rotation), data=_described(rotation), next=(f"wabot tenant show {slug}",))


async def _all(out: Output, settings: "Settings", within: timedelta) -> None:
    from wabot.container import graph_client, open_tenants

    with open_tenants(settings, connections=4) as provisioning:
        async with graph_client(settings) as graph:
            survey = await _survey(out, provisioning, graph, within)
            if out.on_terminal and sys.stdin.isatty():
                await _walk(out, _rotation(provisioning, graph), survey)
    if survey.failed:
        # Told as warnings: the list is the one document that this prints.
        raise typer.Exit(EXIT_FINDING)


async def _survey(
    out: Output, provisioning: "Provisioning", graph: Any, within: timedelta
) -> "Survey":
    from wabot.gateways.whatsapp.inspection import GraphInspector
    from wabot.repositories.provisioning.tokens import SqlTokens
    from wabot.services.provisioning.token_expiry import SurveyTokens

    use_case = SurveyTokens(
        SqlTokens(provisioning.engine),
        provisioning.cipher,
        GraphInspector(graph),
        now=lambda: datetime.now(UTC),
    )
    with out.progress("Asking Graph") as advance:
        survey = await use_case.run(within, advance)
    for state in survey.failed:
        out.warn(f"{state.tenant.slug}: {state.problem}")
    if survey.postponed:
        out.warn(
            f"{counted(survey.postponed, 'token was', 'tokens were')} not asked about: Meta"
            " limits calls per hour and account; run this again in an hour"
        )
    rows = [
        [
            *(getattr(state.tenant, name) for name in _LISTED[:3]),
            _moment(state.expires_at),
            _moment(state.checked_at),
        ]
        for state in survey.ending
    ]
    next_ = [f"wabot tenant rotate-token {state.tenant.slug}" for state in survey.ending[:1]]
    if rows or not out.on_terminal:
        out.table(_LISTED, rows, next=next_)
    else:
        out.note(f"No token ends within {within}.")
    return survey


async def _walk(out: Output, use_case: "RotateToken", survey: "Survey") -> None:
    """Ask for each new token in turn; nothing typed leaves a shop as it is."""
    import getpass

    for state in survey.ending:
        slug = state.tenant.slug
        prompt = f"New token of {slug}, which ends {_moment(state.expires_at)} (Enter skips): "
        token = getpass.getpass(prompt, stream=sys.stderr).strip()
        if not token:
            continue
        try:
            rotation = await use_case.run(slug, token)
        except WabotError as error:
            out.warn(f"{slug}: {error.message} {error.hint}".strip())
            continue
        for warning in rotation.warnings:
            out.warn(warning)
        out.note(_told(rotation))


def _rotation(provisioning: "Provisioning", graph: Any) -> "RotateToken":
    from wabot.gateways.encryption import fingerprint
    from wabot.gateways.whatsapp.inspection import GraphInspector
    from wabot.repositories.provisioning.tokens import SqlTokens
    from wabot.services.provisioning.rotate_token import RotateToken

    return RotateToken(
        provisioning.tenants,
        SqlTokens(provisioning.engine),
        provisioning.cipher,
        GraphInspector(graph),
        fingerprint,
        now=lambda: datetime.now(UTC),
        actor=provisioning.actor,
    )


def _told(rotation: "Rotation") -> str:
    slug, end = rotation.tenant.slug, _moment(rotation.expires_at)
    ends = f"it ends {end}" if end else "it never ends"
    if not rotation.changed:
        return f"{slug} has that token already ({rotation.after}); {ends}."
    message = f"{slug} sends with the token {rotation.after} now; {ends}."
    if rotation.former_kept_until is None:
        return f"{message} The former one is gone."
    return (
        f"{message} The former one ({rotation.before}) is kept until the new one has sent,"
        f" at most until {_moment(rotation.former_kept_until)}: withdraw it at Meta after that."
    )


def _described(rotation: "Rotation") -> dict[str, Any]:
    return {
        "slug": rotation.tenant.slug,
        "changed": rotation.changed,
        "before": rotation.before,
        "after": rotation.after,
        "expires_at": _moment(rotation.expires_at),
        "former_kept_until": _moment(rotation.former_kept_until),
    }


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
