"""`wabot db revision`: begin a revision of tenants' tables."""

from typing import Annotated

import typer

from wabot.cli.output import JsonOption, Output


def revision(
    message: Annotated[str, typer.Option("--message", "-m", help="What changes, in a few words.")],
    *,
    tenant: Annotated[
        bool, typer.Option("--tenant", help="Of tenants' tables; the only ones begun here.")
    ] = False,
    template: Annotated[str, typer.Option(metavar="NAME", help="Of this template's tables.")] = "",
    module: Annotated[
        str, typer.Option(metavar="NAME", help="Of this module's tables; a new one is made.")
    ] = "",
    kind: Annotated[
        str, typer.Option(metavar="expand|contract", help="Whether old servers keep working.")
    ] = "expand",
    json: JsonOption = False,
) -> None:
    """Begin a revision of tenants' tables: of all, of a template's, or of a module's."""
    from wabot.domain.migration import BASE, RevisionKind
    from wabot.errors import InvalidInput, UnknownChoice
    from wabot.repositories.provisioning.migration_line import MigrationLine
    from wabot.repositories.provisioning.revision_writing import start_revision

    out = Output("db revision", json=json)
    if not tenant:
        raise InvalidInput(
            "say --tenant: a revision of the central tables comes with a release of wabot"
        )
    if template and module:
        raise InvalidInput("a revision belongs to a template or to a module, not to both")
    kinds = [one.value for one in RevisionKind]
    if kind not in kinds:
        raise UnknownChoice(f"unknown kind {kind!r}; known: {', '.join(kinds)}")
    branch = template or module or BASE
    path = start_revision(MigrationLine(), branch, message, RevisionKind(kind), module=bool(module))
    said = f"Began {path}"
    if branch == BASE:
        said += "\nChange wabot/models/tenant.py in the same way: new shops are made from it."
    out.done(
        said,
        data={"path": str(path), "branch": branch, "kind": kind},
        next=("wabot tenant migrate --all --dry-run",),
    )
