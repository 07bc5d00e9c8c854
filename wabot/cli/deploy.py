"""`wabot deploy`: files that run the server under systemd, in a container, or with compose."""

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from wabot.cli.deployment import (
    File,
    Written,
    checkout_at,
    compose_words,
    container_words,
    plain_path,
    plain_user,
    render,
    systemd_words,
    written,
)
from wabot.cli.output import JsonOption, Output

app = typer.Typer(rich_markup_mode=None)

Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the files; made if missing.")
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")]
Checkout = Annotated[
    str,
    typer.Option(
        metavar="DIR",
        help="Checkout of wabot that the image is built from; default: this wabot's own, or the"
        " folder you are in.",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Replace files that differ; never those that hold secrets."),
]
_COLUMNS = ("file", "state")


@app.command()
def systemd(  # noqa: PLR0917 - a command's options
    out_: Out,
    user: Annotated[str, typer.Option(help="User that the server runs as.")] = "wabot",
    home: Annotated[
        str, typer.Option(metavar="DIR", help="Where its .env is and all that it writes.")
    ] = "/srv/wabot",
    program: Annotated[
        str, typer.Option(metavar="PATH", help="The program wabot; by default this one.")
    ] = "",
    env_file: Annotated[
        str, typer.Option(metavar="PATH", help="File with the settings; DIR/.env by default.")
    ] = "",
    credentials: Annotated[
        str,
        typer.Option(
            metavar="DIR", help="Folder with a file for each secret setting, for LoadCredential."
        ),
    ] = "",
    workers: Workers = 2,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Write wabot.service, and wabot-upgrade.service that brings the tables up to date before."""
    out = Output("deploy systemd", json=json)
    home = plain_path(home, "--home")
    words = systemd_words(
        user=plain_user(user),
        home=home,
        program=plain_path(program or _this_program(), "--program"),
        env_file=plain_path(env_file or f"{home}/.env", "--env-file"),
        credentials=plain_path(credentials, "--credentials") if credentials else "",
        workers=workers,
    )
    files = [render("systemd", name, words) for name in ("wabot.service", "wabot-upgrade.service")]
    found = written(out_, files, force=force)
    paths = shlex.join(str(one.path) for one in found)
    _tell(
        out,
        found,
        f"systemd-analyze verify {paths}",
        f"sudo install -m 644 {paths} /etc/systemd/system/",
        "sudo systemctl daemon-reload && sudo systemctl enable --now wabot",
    )


@app.command()
def docker(
    out_: Out,
    checkout: Checkout = "",
    workers: Workers = 2,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Write a Dockerfile: no root, no shell needed, a health check, one volume.

    Beside it a server.env for the settings, which is never replaced.
    """
    out = Output("deploy docker", json=json)
    source = checkout_at(checkout)
    words = container_words(workers)
    settings = render("docker", "server.env", words, secret=True)
    found = written(out_, [*_docker_files(words), settings], force=force)
    out.note(f"Fill in {out_ / settings.name} before the first start.")
    port = words["port"]
    _tell(
        out,
        found,
        shlex.join(("docker", "build", "-f", str(out_ / "Dockerfile"), "-t", "wabot", source)),
        "docker run --init --read-only --tmpfs /tmp --volume wabot:/var/lib/wabot"
        f" --env-file {shlex.quote(str(out_ / settings.name))}"
        f" --publish 127.0.0.1:{port}:{port} --stop-timeout {words['stop_timeout']} wabot",
    )


@app.command()
def compose(
    out_: Out,
    checkout: Checkout = "",
    workers: Workers = 2,
    force: Force = False,
    json: JsonOption = False,
) -> None:
    """Write compose.yaml with PostgreSQL, the upgrade before each start and the server.

    Passwords and keys are drawn once, into env files that are never replaced.
    """
    out = Output("deploy compose", json=json)
    words = container_words(workers) | compose_words(
        checkout_at(plain_path(checkout, "--checkout") if checkout else ""),
        plain_path(str(out_ / "Dockerfile"), "--out"),
    )
    files = [
        *_docker_files(words),
        render("compose", "compose.yaml", words),
        render("compose", "server.env", words, secret=True),
        render("compose", "owner.env", words, secret=True),
    ]
    found = written(out_, files, force=force)
    out.note(f"Fill in the WHATSAPP_ settings of {out_ / 'server.env'} before the first start.")
    _tell(
        out,
        found,
        f"docker compose --project-directory {out_} up --detach --build",
    )


def _docker_files(words: Mapping[str, str]) -> list[File]:
    return [render("docker", name, words) for name in ("Dockerfile", "Dockerfile.dockerignore")]


def _tell(out: Output, found: list[Written], *next_: str) -> None:
    out.table(_COLUMNS, [(str(one.path), one.state) for one in found], next=next_)


def _this_program() -> str:
    beside = Path(sys.executable).parent / "wabot"
    return str(beside) if beside.is_file() else shutil.which("wabot") or str(beside)
