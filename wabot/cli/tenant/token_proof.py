"""Proving a new shop's token before the shop is made."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wabot.cli.output import Output
from wabot.errors import ExternalFailure

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.container import Provisioning
    from wabot.services.provisioning.create import Creation
    from wabot.services.provisioning.token_rules import Sender, TokenFacts

# A person waits: an answer that takes longer is none.
_PATIENCE = 8.0
Verify = Annotated[
    bool,
    typer.Option(
        "--verify/--no-verify",
        help="Ask Graph first whether the token is valid and may use the number. Without an answer"
        " the shop is made with a warning.",
    ),
]


def prove_token(
    out: Output, settings: "Settings", asked: "Sender", token: str, *, verify: bool
) -> "TokenFacts | None":
    """Refuse a token that Graph says does not fit; warn of what else it says, or if it is silent.

    Returns what Graph said, None when it was not asked or gave no answer.
    """
    if not verify:
        return None
    from wabot.services.provisioning.request import check_meta_id, check_token

    check_meta_id("phone_number_id", asked.phone_number_id)
    try:
        facts, warnings = asyncio.run(_prove(settings, asked, check_token(token)))
    except ExternalFailure as error:
        out.warn(
            f"whether the token fits was not proven: {error.message}. Once Graph answers, the same"
            f" token again proves it: wabot tenant rotate-token {asked.slug or 'SLUG'}"
        )
        return None
    for warning in warnings:
        out.warn(warning)
    return facts


def note_end(
    provisioning: "Provisioning", creation: "Creation", facts: "TokenFacts | None"
) -> None:
    """Write down when a new shop's token ends: `rotate-token --all` need not ask again."""
    from wabot.repositories.provisioning.tokens import SqlTokens

    if facts is not None and creation.created:
        SqlTokens(provisioning.engine).note_expiry(creation.tenant, facts.expires_at)


async def _prove(
    settings: "Settings", asked: "Sender", token: str
) -> "tuple[TokenFacts, tuple[str, ...]]":
    from wabot.container import graph_client
    from wabot.gateways.whatsapp.inspection import GraphInspector
    from wabot.services.provisioning.token_rules import prove

    async with graph_client(settings, timeout=_PATIENCE) as graph:
        return await prove(GraphInspector(graph), asked, token, datetime.now(UTC))
