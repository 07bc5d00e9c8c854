"""`wabot init`: from nothing to a `.env` and a central database."""

import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.prompts import ask, confirm, read_secret
from wabot.domain.counted import counted
from wabot.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wabot.config import Examination, Setting
    from wabot.repositories.central_schema import Upgrade

_QUESTIONS = {
    "DATABASE_URL": "PostgreSQL as postgresql://USER@HOST/DATABASE (Enter: one of wabot's own)",
    "WHATSAPP_APP_ID": "Meta app id (Enter: later)",
    "WHATSAPP_APP_SECRET": "Meta app secret (hidden; Enter: later)",
    "WABOT_PUBLIC_URL": "Address that Meta is to call, https://… (Enter: later)",
}
_GENERATED = ("WABOT_MASTER_KEY", "WHATSAPP_VERIFY_TOKEN")
_CREATE = "wabot tenant create --help"


def init(
    *,
    database_url: Annotated[
        str, typer.Option(metavar="URL", help="The central database's owner, without password.")
    ] = "",
    database_password_file: Annotated[
        str | None, typer.Option(metavar="PATH|-", help="The password to --database-url.")
    ] = None,
    app_id: Annotated[str, typer.Option(metavar="ID", help="The Meta app's id.")] = "",
    app_secret_file: Annotated[
        str | None, typer.Option(metavar="PATH|-", help="The Meta app's secret.")
    ] = None,
    public_url: Annotated[
        str, typer.Option(metavar="URL", help="Address that Meta is to call: https://…")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Complete a .env that is there without asking.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the .env with new keys, and make or migrate the central database.

    Asks on a terminal for what no option gives. What is set already stays as it is.
    """
    from wabot import logs
    from wabot.config import examine_settings, settings_of

    out = Output("init", json=json)
    found = examine_settings()
    settings_of(found)  # what is malformed is to be corrected by hand first
    logs.hide(found.secrets)
    given = {
        "DATABASE_URL": database_url,
        "WHATSAPP_APP_ID": app_id,
        "WHATSAPP_APP_SECRET": app_secret_file
        and read_secret(app_secret_file, option="--app-secret-file", prompt="App secret"),
        "WABOT_PUBLIC_URL": public_url,
    }
    given["DATABASE_URL"] = _with_password(database_url, database_password_file)
    _refuse_changes(found, given)
    added = _answers(found, {name: value or "" for name, value in given.items()})
    examined = examine_settings(added=added)
    settings_of(examined)
    logs.hide(examined.secrets)
    _agree(out, found, added, force=force)
    upgrade = _make_database(examined, new_key="WABOT_MASTER_KEY" in added)
    path = _write(found, added)
    missing = [reading.setting for reading in examined.missing(_needed())]
    for setting in missing:
        out.warn(f"{setting.name} is not set yet — {setting.obtain}")
    state = "is complete" if not missing else "stays as it is"
    wrote = f"Wrote {', '.join(added)} to {path} (mode 600)." if added else f"{path} {state}."
    keep = " Keep a copy of WABOT_MASTER_KEY elsewhere: without it no token can be read."
    out.done(
        f"{wrote}{keep if 'WABOT_MASTER_KEY' in added else ''}\n"
        f"The central database is at {upgrade.after}.",
        data={
            "file": str(path),
            "written": list(added),
            "missing": [setting.name for setting in missing],
            "database": {"before": upgrade.before, "after": upgrade.after},
        },
        next=("wabot check all", _CREATE),
    )


def _with_password(url: str, source: str | None) -> str:
    """Return the URL with the password that the environment, a file or the terminal gives."""
    if not url:
        if source is not None:
            raise InvalidInput("--database-password-file goes with --database-url")
        return ""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise InvalidInput(
            "--database-url is no URL of PostgreSQL", hint="Write postgresql://USER@HOST/DATABASE."
        )
    if parts.password is not None:
        raise InvalidInput(
            "--database-url holds a password, which every user of this machine could read",
            hint="Leave it out and give it by --database-password-file PATH|-.",
        )
    if source is None:
        password = ask(f"Password of {parts.username or 'that user'} (Enter: none)", hidden=True)
    else:
        option = "--database-password-file"
        password = read_secret(source, option=option, prompt="Password", may_hold_spaces=True)
    if not password:
        return url
    _, _, place = parts.netloc.rpartition("@")
    user = quote(parts.username or "", safe="%")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}"))


def _refuse_changes(found: "Examination", given: "Mapping[str, Any]") -> None:
    for name, value in given.items():
        reading = found.readings[name]
        if value and reading.text and reading.text != value:
            raise Refused(
                f"{name} is set already, and `wabot init` changes nothing that is set",
                hint=f"Change it by hand: {name} in {found.file.resolve()} or in the environment.",
            )


def _answers(found: "Examination", given: "Mapping[str, str]") -> "dict[str, str]":
    """Return what is to be added: as given, asked for, or made; nothing that is set."""
    added = {}
    for name, question in _QUESTIONS.items():
        if found.readings[name].text:
            continue
        # With keys but no address the embedded server was chosen before.
        chosen = name == "DATABASE_URL" and not found.readings["WABOT_MASTER_KEY"].empty
        value = given[name] or ("" if chosen else _asked(found.readings[name].setting, question))
        if name == "DATABASE_URL" and value and not given[name]:
            value = _with_password(value, None)
        if value:
            added[name] = value
    for name in _GENERATED:
        if found.readings[name].empty:
            added[name] = _new(name)
    return added


def _asked(setting: "Setting", question: str) -> str:
    """Ask until it can be right: one slip costs no other answer."""
    hidden = setting.secret and setting.name != "DATABASE_URL"
    while value := ask(question, hidden=hidden):
        try:
            setting.parse(value)
        except ValueError as error:
            typer.echo(f"That cannot be: {setting.name} {error}.", err=True)
        else:
            return value
    return ""


def _new(name: str) -> str:
    if name == "WABOT_MASTER_KEY":
        return urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(24)


def _agree(out: Output, found: "Examination", added: "Mapping[str, str]", *, force: bool) -> None:
    if not added or not found.file.is_file():
        return
    path = found.file.resolve()
    out.note(f"{path} is there. It lacks: {', '.join(added)}. Nothing else in it is changed.")
    if not confirm("Add these?", option="--force", given=force):
        raise Refused("Nothing was changed.")


def _make_database(examined: "Examination", *, new_key: bool) -> "Upgrade":
    from wabot.config import settings_of
    from wabot.container import open_central
    from wabot.repositories.central_schema import upgrade
    from wabot.repositories.conninfo import ensure_database
    from wabot.repositories.runtime.token_keys import keys_in_use

    settings = settings_of(examined)
    if settings["DATABASE_URL"]:
        ensure_database(settings["DATABASE_URL"])
    with open_central(settings) as urls:
        runtime = urls.runtime_url if urls.embedded else settings["RUNTIME_DATABASE_URL"]
        done = upgrade(urls.owner_url, runtime_conninfo=runtime, actor=settings.operator)
        used = keys_in_use(urls.owner_url)
    if new_key and used:
        raise Refused(
            f"The central database holds {counted(sum(used.values()), 'token')} under another"
            f" master key ({', '.join(sorted(used))}): a new one would open none of them",
            hint="Set that key as WABOT_MASTER_KEY in the .env; nothing was written.",
        )
    return done


def _write(found: "Examination", added: "Mapping[str, str]") -> Any:
    from wabot.config import env_example, env_file

    path = found.file.resolve()
    if added:
        there = found.file.is_file()
        text = path.read_text(encoding="utf-8") if there else env_example()
        env_file.write(path, env_file.completed(text, added))
    return path


def _needed() -> tuple[str, ...]:
    from wabot.config import REQUIRED_TO_SERVE

    return (*REQUIRED_TO_SERVE, "WHATSAPP_APP_ID")
