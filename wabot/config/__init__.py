"""Settings, and the only reader of the environment."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wabot.config import sources
from wabot.config.env_file import read as read_file
from wabot.config.examination import Examination, Origin, Reading, examine
from wabot.config.table import REQUIRED_TO_SERVE, SETTINGS, Setting
from wabot.errors import ConfigurationError

__all__ = [
    "PACKAGE",
    "REQUIRED_TO_SERVE",
    "SETTINGS",
    "Examination",
    "Setting",
    "Settings",
    "bundled",
    "env_example",
    "examine_settings",
    "home_folder",
    "load_settings",
    "setting",
    "settings_of",
    "share_metrics",
    "surroundings",
    "template_folders",
    "traces_wanted",
    "use_template_dir",
]

PACKAGE = Path(__file__).resolve().parent.parent

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_READABLE = "Make it a UTF-8 text file that this user may read."
_ALERT_SECRETS = ("WEBHOOK", "WEBHOOK_SECRET", "WHATSAPP_TOKEN")


@dataclass(frozen=True, slots=True)
class Settings:
    """Parsed settings by name; reading an unknown name is a bug and raises KeyError."""

    values: Mapping[str, Any]
    env_file: Path | None = None
    warnings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

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
        mail = self["WABOT_ALERTS_SMTP_URL"]
        alone = ("WHATSAPP_VERIFY_TOKEN", *(f"WABOT_ALERTS_{name}" for name in _ALERT_SECRETS))
        words += [self[name] for name in alone] + [mail.password if mail else ""]
        return tuple({*self.secrets, *filter(None, words)})


def load_settings(
    *,
    require: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = None,
) -> Settings:
    """Read the environment over the `.env` file of the working folder and parse every setting.

    Between both stand files that systemd's LoadCredential or a container's secrets hand over.

    Raises ConfigurationError that lists all that is missing or malformed, with how to obtain it.
    """
    return settings_of(examine_settings(environ=environ, env_file=env_file), require=require)


def examine_settings(
    *,
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = None,
    added: Mapping[str, str] | None = None,
) -> Examination:
    """Read the environment over the `.env` file of the working folder, whatever is wrong there.

    `added` is read as if it stood in the file.
    """
    path = env_file if env_file is not None else Path(".env")
    surrounding = dict(os.environ if environ is None else environ)
    from_file: Mapping[str, str] = {}
    broken: tuple[int, ...] = ()
    unreadable, away, kept = "", None, None
    try:
        surrounding = _surrounding(environ)
        read, broken = _from_file(path)
        from_file = {**read, **(added or {})}
    except ConfigurationError as error:
        unreadable = error.message
    address = {**from_file, **surrounding}.get("WABOT_SETTINGS_FROM", "").strip()
    try:
        kept = sources.read(address)
    except ConfigurationError as error:
        away = error.message, error.hint
    found = examine(path, from_file, surrounding, source=kept, unreadable=unreadable, away=away)
    return replace(found, broken=broken)


def settings_of(found: Examination, *, require: tuple[str, ...] = ()) -> Settings:
    """Return the settings that were found.

    Raises ConfigurationError that lists all that is missing or malformed, with how to obtain it.
    """
    if found.unreadable:
        raise ConfigurationError(found.unreadable, hint=_READABLE)
    if found.away:
        raise ConfigurationError(found.away[0], hint=found.away[1])
    missing = found.missing(require)
    problems = [
        f"{_named(reading, found)} {reading.problem or 'is not set'}{_how(reading.setting)}"
        for reading in found.readings.values()
        if reading.problem or reading in missing
    ]
    problems += found.contradictions
    if problems:
        problems += found.broken_lines
        raise ConfigurationError(
            "Settings are missing or malformed:\n" + "\n".join(f"  {line}" for line in problems),
            hint=f"Set them in the environment or in {found.file.resolve()}"
            + ("" if found.file.is_file() else ", which wabot init makes")
            + "; all of them: wabot check env --example",
        )
    return Settings(
        {name: reading.value for name, reading in found.readings.items()},
        env_file=found.file if found.file.is_file() else None,
        warnings=(*found.broken_lines, *map(str, found.strays)),
        secrets=found.secrets,
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


def traces_wanted(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether OpenTelemetry's own variables name a collector of traces."""
    given = os.environ if environ is None else environ
    named = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    off = given.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = given.get("OTEL_TRACES_EXPORTER", "") == "none"
    return any(given.get(name) for name in named) and not off and not none


def share_metrics(folder: Path) -> None:
    """Let this process, and those it starts, keep their metrics in files of that folder."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _environment(path: Path, environ: Mapping[str, str] | None) -> dict[str, str]:
    return _from_file(path)[0] | _surrounding(environ)


def _surrounding(environ: Mapping[str, str] | None) -> dict[str, str]:
    given = dict(os.environ if environ is None else environ)
    handed = _credentials(given.get("CREDENTIALS_DIRECTORY", ""))
    # A line that was left empty in an env file says nothing about what is handed over.
    return handed | {name: value for name, value in given.items() if value or name not in handed}


def _from_file(path: Path) -> tuple[dict[str, str], tuple[int, ...]]:
    try:
        return read_file(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path.resolve()} cannot be read: {error}", hint=_READABLE
        ) from error


def _credentials(folder: str) -> dict[str, str]:
    """Read the settings that systemd's LoadCredential or a container's secrets hand over.

    Each is a file with the setting's name: unlike a variable, no child process inherits it.
    """
    found = {}
    for name in _BY_NAME if folder else ():
        path = Path(folder) / name
        try:
            if path.is_file():
                found[name] = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}", hint=_READABLE) from error
    return found


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


def _named(reading: Reading, found: Examination) -> str:
    name = reading.setting.name
    if reading.origin is not Origin.SOURCE:
        return name
    return f"{name} (in {found.readings['WABOT_SETTINGS_FROM'].text})"


def _how(known: Setting) -> str:
    return f" — {known.obtain}" if known.obtain else ""
