"""What `wabot deploy` writes: templates of wabot/deploy, filled in, never over what is there."""

import os
import re
import secrets
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from string import Template
from tempfile import NamedTemporaryFile

from wabot.cli.workers import PATIENCE
from wabot.config import PACKAGE, REQUIRED_TO_SERVE, setting
from wabot.errors import InvalidInput, Refused

# Whoever stops the server waits longer than it needs at most.
STOP_TIMEOUT = round(PATIENCE * 1.5)
# A number that no user of a host is likely to have.
_UID = 10001
_PATH = re.compile(r"/[A-Za-z0-9._/@+-]*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PROBE = (
    "import urllib.request as u;"
    " u.build_opener(u.ProxyHandler({{}})).open('http://127.0.0.1:{}/readyz', timeout=3)"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file to write; one that is `secret` is for its owner alone and never replaced."""

    name: str
    text: str = field(repr=False)
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A file and what became of it: written, replaced, unchanged or kept."""

    path: Path
    state: str


def plain_path(path: str, option: str) -> str:
    """Return an absolute path that needs no quoting in a unit or a compose file."""
    absolute = path if PurePosixPath(path).is_absolute() else str(Path(path).absolute())
    if not _PATH.fullmatch(absolute):
        raise InvalidInput(
            f"{option} {absolute!r} holds characters that systemd or compose read otherwise",
            hint="Letters, digits and ._/@+- are safe.",
        )
    return absolute.rstrip("/") or "/"


def checkout_at(given: str) -> str:
    """Return the checkout to build from: the given one, this wabot's own, or the present folder."""
    own = PACKAGE.parent
    root = Path(given).absolute() if given else own if _is_checkout(own) else Path.cwd()
    if not _is_checkout(root):
        raise InvalidInput(
            f"{root} is no checkout of wabot: it has no pyproject.toml beside wabot/",
            hint="Name the checkout that the image is built from: --checkout /srv/wabot/app",
        )
    return str(root)


def _is_checkout(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / "wabot" / "__init__.py").is_file()


def plain_user(user: str) -> str:
    """Return the name of a user that is not root."""
    if not _USER.fullmatch(user) or user == "root":
        raise InvalidInput(
            f"--user {user!r} cannot be: the server runs as an ordinary user",
            hint="Make one: sudo useradd --system --home-dir /srv/wabot --create-home wabot",
        )
    return user


def systemd_words(
    *, user: str, home: str, program: str, env_file: str, credentials: str, workers: int
) -> dict[str, str]:
    """Return what the units' templates ask for."""
    # A single server has nobody who could take its place: it is restarted instead.
    reload = "ExecReload=/bin/kill -HUP $MAINPID" if workers > 1 else "# (with two workers or more)"
    served = (*REQUIRED_TO_SERVE, "RUNTIME_DATABASE_URL")
    return {
        "user": user,
        "home": home,
        "program": program,
        "env_file": env_file,
        "owner_file": f"{home}/owner.env",
        "credentials": _credentials(credentials, served),
        "owner_credentials": _credentials(credentials, (*served, "DATABASE_URL")),
        "workers": str(workers),
        "reload": reload,
        "patience": f"{PATIENCE:.0f}",
        "stop_timeout": str(STOP_TIMEOUT),
        "hardening": _template("systemd", "hardening.conf").strip(),
    }


def container_words(workers: int) -> dict[str, str]:
    """Return what the Dockerfile's and the compose file's templates ask for."""
    admin_port = setting("WABOT_ADMIN_PORT").default
    return {
        # The one that this wabot runs on.
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "uid": str(_UID),
        "port": setting("WABOT_PORT").default,
        "admin_port": admin_port,
        "probe": _PROBE.format(admin_port),
        "workers": str(workers),
        "patience": f"{PATIENCE:.0f}",
        "stop_timeout": str(STOP_TIMEOUT),
    }


def compose_words(checkout: str, dockerfile: str) -> dict[str, str]:
    """Return what else the compose file and its env files ask for; secrets are drawn anew."""
    return {
        "checkout": checkout,
        "dockerfile": dockerfile,
        "runtime_password": secrets.token_urlsafe(24),
        "owner_password": secrets.token_urlsafe(24),
        "master_key": urlsafe_b64encode(os.urandom(32)).decode(),
        "verify_token": secrets.token_urlsafe(24),
    }


def render(kind: str, name: str, words: Mapping[str, str], *, secret: bool = False) -> File:
    """Fill a template in; a word that it asks for and nobody gives is a bug."""
    return File(name, Template(_template(kind, name)).substitute(words), secret)


def written(folder: Path, files: Sequence[File], *, force: bool) -> list[Written]:
    """Write the files, all or none; what is there and differs needs `force`."""
    states = {file.name: _state(folder / file.name, file, force=force) for file in files}
    differing = [str(folder / name) for name, state in states.items() if state == "differs"]
    if differing:
        raise Refused(
            f"{', '.join(differing)} {'are' if len(differing) > 1 else 'is'} there and differs;"
            " nothing was written",
            hint="Compare them with those of an empty --out, then replace them with --force.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if states[file.name] in {"written", "replaced"}:
                _write(folder / file.name, file)
    except OSError as error:
        raise InvalidInput(
            f"{folder} cannot be written: {error.strerror}", hint="Name another folder in --out."
        ) from error
    return [Written(folder / name, state) for name, state in states.items()]


def _state(path: Path, file: File, *, force: bool) -> str:
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        return "written"
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}", hint="Name another folder in --out."
        ) from error
    if file.secret:
        return "kept"
    if present == file.text.encode():
        return "unchanged"
    return "replaced" if force else "differs"


def _write(path: Path, file: File) -> None:
    # Whole or not at all, and not through a link to somewhere else.
    with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        new.write(file.text.encode())
    new_path = Path(new.name)
    new_path.chmod(0o600 if file.secret else 0o644)
    new_path.replace(path)


def _credentials(folder: str, names: Sequence[str]) -> str:
    if not folder:
        return "# Secrets as files instead: wabot deploy systemd --credentials DIR"
    return "\n".join(f"LoadCredential={name}:{folder}/{name}" for name in names)


def _template(kind: str, name: str) -> str:
    return (PACKAGE / "deploy" / kind / name).read_text(encoding="utf-8")
