"""Settings, and the only reader of the environment."""

import operator
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wabot.config.table import SETTINGS, Setting
from wabot.errors import ConfigurationError

__all__ = [
    "SETTINGS",
    "Setting",
    "Settings",
    "bundled",
    "env_example",
    "home_folder",
    "load_settings",
    "setting",
    "template_folders",
    "use_template_dir",
]

PACKAGE = Path(__file__).resolve().parent.parent

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_PREFIXES = ("WABOT_", "WHATSAPP_")


@dataclass(frozen=True, slots=True)
class Settings:
    """Parsed settings by name; reading an unknown name is a bug and raises KeyError."""

    values: Mapping[str, Any]
    env_file: Path | None = None
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __repr__(self) -> str:
        given = sorted(name for name, value in self.values.items() if value)
        return f"Settings({', '.join(given)})"

    @property
    def home(self) -> Path:
        """Return WABOT_HOME, or where the platform keeps a user's data; it may not exist yet."""
        return _home(self["WABOT_HOME"])

    @property
    def operator(self) -> str:
        """Return who acts, for the audit log: WABOT_OPERATOR, or the user of this machine."""
        given: str = self["WABOT_OPERATOR"]
        return given or f"{_user()}@{socket.gethostname()}"

    @property
    def apps(self) -> dict[str, tuple[str, ...]]:
        """Return the secrets of every Meta app by app id ('' when WHATSAPP_APP_ID is not set)."""
        main: tuple[str, ...] = self["WHATSAPP_APP_SECRET"]
        own = {self["WHATSAPP_APP_ID"]: main} if main else {}
        return {**self["WHATSAPP_MORE_APPS"], **own}

    @property
    def secret_words(self) -> tuple[str, ...]:
        """Return the words that must never be logged, whatever stands around them."""
        words = [secret for secrets in self.apps.values() for secret in secrets]
        return tuple(filter(None, (*words, self["WHATSAPP_VERIFY_TOKEN"])))


def load_settings(
    *,
    require: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = None,
) -> Settings:
    """Read the environment over the `.env` file of the working folder and parse every setting.

    Raises ConfigurationError that lists all that is missing or malformed, with how to obtain it.
    """
    path = env_file if env_file is not None else Path(".env")
    given = _environment(path, environ)

    values: dict[str, Any] = {}
    problems: list[str] = []
    for known in SETTINGS:
        text = given.get(known.name, "").strip()
        try:
            value = values[known.name] = known.parse(text or known.default)
        except ValueError as error:
            problems.append(f"{known.name} {error}{_how(known)}")
            continue
        if known.name in require and (not text or value in ((), {})):
            problems.append(f"{known.name} is not set{_how(known)}")
    problems += _contradictions(values)
    if problems:
        raise ConfigurationError(
            "Settings are missing or malformed:\n" + "\n".join(f"  {line}" for line in problems),
            hint=f"Set them in the environment or in {path.resolve()}; .env.example has them all.",
        )
    return Settings(
        values, env_file=path if path.is_file() else None, warnings=_unknown_names(given)
    )


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return what `Settings.home` would, without looking at any other setting."""
    return _home(_environment(Path(".env"), environ).get("WABOT_HOME", "").strip())


def surroundings() -> dict[str, str]:
    """Return the environment without wabot's own settings, for a process with others."""
    return {name: value for name, value in os.environ.items() if name not in _BY_NAME}


def setting(name: str) -> Setting:
    """Return a setting's description."""
    return _BY_NAME[name]


def env_example(settings: tuple[Setting, ...] = SETTINGS) -> str:
    """Write a `.env` in which every setting has its default, with what it is for."""
    lines = ["# Copy to .env and fill in. A variable of the environment wins over this file."]
    group = ""
    for known in settings:
        if known.group != group:
            group = known.group
            lines += ["", f"# ---- {group} ----"]
        lines += ["", f"# {known.help}"]
        if known.obtain:
            lines.append(f"# How to obtain it: {known.obtain}")
        lines.append(f"{'# ' if known.default else ''}{known.name}={known.default}")
    return "\n".join(lines) + "\n"


def bundled(folder: str) -> Path:
    """Find `migrations` or `tenant_templates`: the checkout's first, else the wheel's copy."""
    checkout = PACKAGE.parent / folder
    if (PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return PACKAGE / "_bundled" / folder


def template_folders() -> tuple[Path, ...]:
    """Return where templates and modules are: those that wabot brings, then WABOT_TEMPLATE_DIR.

    Looks at no other setting. Raises ConfigurationError when the operator's folder is missing.
    """
    written = _environment(Path(".env"), None).get("WABOT_TEMPLATE_DIR", "").strip()
    try:
        own = _BY_NAME["WABOT_TEMPLATE_DIR"].parse(written)
    except ValueError as error:
        raise ConfigurationError(
            f"WABOT_TEMPLATE_DIR {error}", hint="Correct it, or give --template-dir."
        ) from None
    brought = bundled("tenant_templates")
    return (brought,) if own in {None, brought} else (brought, own)


def use_template_dir(folder: Path | None) -> None:
    """Let `--template-dir` stand over WABOT_TEMPLATE_DIR, for this process and those it starts."""
    if folder is not None:
        os.environ["WABOT_TEMPLATE_DIR"] = str(folder.expanduser().absolute())


def _environment(path: Path, environ: Mapping[str, str] | None) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        # As systemd's EnvironmentFile reads it: a password may hold a dollar sign.
        from_file = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path.resolve()} cannot be read: {error}",
            hint="Make it a UTF-8 text file that this user may read.",
        ) from error
    given = {name: value for name, value in from_file.items() if value is not None}
    return given | dict(os.environ if environ is None else environ)


def _home(given: str) -> Path:
    if given:
        return Path(given).expanduser().absolute()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/wabot")
    from platformdirs import user_data_path

    return user_data_path("wabot", appauthor=False)


def _user() -> str:
    try:
        # From the process, not from variables that anybody may set.
        from pwd import getpwuid
    except ImportError:  # Windows
        return os.getlogin()
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return str(os.getuid())


def _how(known: Setting) -> str:
    return f" — {known.obtain}" if known.obtain else ""


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """Name pairs of settings that are right alone and wrong together."""
    rules = (
        ("WABOT_QUIET_WINDOW", operator.le, "must not be above", "WABOT_QUIET_WINDOW_MAX"),
        ("WABOT_TURNS_PER_TENANT", operator.lt, "must be below", "WABOT_POOL_SIZE"),
        ("WABOT_RESEND_AFTER", operator.le, "must not be above", "WABOT_RESEND_AFTER_SILENT"),
    )
    for one, holds, rule, other in rules:
        if one in values and other in values and not holds(values[one], values[other]):
            yield f"{one} ({values[one]:g}) {rule} {other} ({values[other]:g})"


def _unknown_names(given: Mapping[str, str]) -> tuple[str, ...]:
    """Name what looks like a setting and is none: most likely a slip."""
    warnings = []
    for name in sorted(given):
        if name.startswith(_PREFIXES) and name not in _BY_NAME:
            close = get_close_matches(name, _BY_NAME, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            warnings.append(f"{name} is not a setting of wabot and has no effect.{meant}")
    return tuple(warnings)
