"""Options that say where a shop's tables are to be, and the password of another server."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wabot.config import Settings
    from wabot.domain.tenant import Isolation, Placement, Tenant
    from wabot.services.provisioning.places import DatabaseAt

IsolationOption = Annotated[
    str,
    typer.Option(
        metavar="schema|database|prefix",
        help="A schema of its own, a database of its own (plan premium), or tables with a prefix"
        " in a shared schema.",
    ),
]
DatabaseUrl = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Server and database of its own, without password; the database is made if missing."
        " By default one on the central server.",
    ),
]
DatabasePasswordFile = Annotated[
    str | None,
    typer.Option(
        metavar="PATH|-",
        help="File with the password for --database-url; WABOT_DATABASE_PASSWORD does as well.",
    ),
]


def read_place(
    isolation: str,
    database_url: str,
    password_file: str | None,
    settings: "Settings",
    *,
    stdin_is_taken: bool = False,
) -> "tuple[Isolation, DatabaseAt]":
    """Return what the options ask for; the password is asked for last, on a terminal."""
    from wabot.errors import InvalidInput
    from wabot.repositories.provisioning.servers import split_database_url
    from wabot.services.provisioning.places import CENTRAL, DatabaseAt, check_isolation

    kind = check_isolation(isolation)
    if not database_url:
        if password_file is not None:
            raise InvalidInput(
                "--database-password-file is for --database-url, which is not given",
                hint="A database on the central server needs no password.",
            )
        return kind, CENTRAL
    if password_file == "-" and stdin_is_taken:  # noqa: S105 - where it is read from
        raise InvalidInput(
            "two secrets cannot both be read from stdin",
            hint="Give one of them by a file, or the password by WABOT_DATABASE_PASSWORD.",
        )
    server, database = split_database_url(database_url)
    return kind, DatabaseAt(server, database, _password(password_file, settings))


def place_in_words(place: "Placement") -> str:
    """Return where a place is, for people."""
    database = f"database {place.database}" if place.database else ""
    server = f"({place.server})" if place.server else ""
    space = f"schema {place.schema}" + (f", prefix {place.prefix}" if place.prefix else "")
    return " ".join(filter(None, (database or space, server)))


def planned_tenant(tenant: "Tenant") -> "Tenant":
    """Return a tenant that is not made with `<id>` in its names: its id is drawn when it is."""
    from wabot.domain.placement import short_id

    name = short_id(tenant.id)

    def planned(text: str) -> str:
        # A prefix holds the beginning alone.
        return text.replace(name, "<id>").replace(name[:14], "<id>")

    names = ("schema", "role", "prefix", "database", "login")
    place: dict[str, Any] = {key: planned(getattr(tenant.placement, key)) for key in names}
    return replace(tenant, placement=replace(tenant.placement, **place))


def _password(password_file: str | None, settings: "Settings") -> str:
    from wabot.cli.prompts import read_secret

    given: str = settings["WABOT_DATABASE_PASSWORD"]
    if password_file is None and given:
        return given
    if password_file is None and not sys.stdin.isatty():
        # libpq may know a way in: a socket that trusts the user, or a file of passwords.
        return ""
    prompt = "The password for --database-url"
    return read_secret(
        password_file, option="--database-password-file", prompt=prompt, may_hold_spaces=True
    )
