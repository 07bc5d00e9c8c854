"""The one table of settings, and the only reader of the environment."""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wabot.errors import ConfigurationError

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as the operator sees it; `parse` raises ValueError with the broken rule."""

    name: str
    group: str
    help: str
    default: str = ""
    obtain: str = ""
    secret: bool = False
    parse: Callable[[str], Any] = str


def _whole(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"-?\d{1,12}", value) or not minimum <= int(value) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(value)

    return parse


def _seconds(minimum: float, maximum: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d+)?", value) or not minimum <= float(value) <= maximum:
            raise ValueError(f"must be a number of seconds from {minimum:g} to {maximum:g}")
        return float(value)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return value.lower()

    return parse


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError("must be an http:// or https:// URL without query")
    return value.rstrip("/")


def _api_version(value: str) -> str:
    if not re.fullmatch(r"v\d{2}\.\d", value):
        raise ValueError("must look like v26.0")
    return value


def _database_url(value: str) -> str:
    keyword_form = re.match(r"\s*\w+\s*=", value) is not None
    if value and not keyword_form and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be a libpq URL (postgresql://…) or keyword string (host=… dbname=…)")
    return value


def _keys(value: str) -> tuple[bytes, ...]:
    keys = []
    for part in filter(None, (piece.strip() for piece in value.split(","))):
        try:
            key = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise ValueError("must be 32 bytes in URL-safe base64 (several: comma, newest first)")
        keys.append(key)
    return tuple(keys)


def _secrets(value: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in value.split(","))))


def _apps(value: str) -> dict[str, tuple[str, ...]]:
    apps: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (piece.strip() for piece in value.split(";"))):
        app_id, _, found = part.partition("=")
        if not app_id.strip().isdigit() or not _secrets(found):
            raise ValueError("must look like APP_ID=SECRET[,SECRET];APP_ID=SECRET")
        apps[app_id.strip()] = _secrets(found)
    return apps


_NEW_KEY = 'python3 -c "import base64,os;print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        "database",
        "PostgreSQL server and database of the central tables (any libpq URL)."
        " Empty: embedded PostgreSQL under WABOT_HOME.",
        obtain="from whoever runs your PostgreSQL, e.g. postgresql://wabot_owner@db.example/wabot",
        secret=True,
        parse=_database_url,
    ),
    Setting(
        "RUNTIME_DATABASE_URL",
        "database",
        "Login of the runtime, as made by `wabot db upgrade`."
        " Empty: DATABASE_URL with the role wabot_runtime taken at connection start.",
        obtain="the URL of DATABASE_URL with the user wabot_runtime",
        secret=True,
        parse=_database_url,
    ),
    Setting(
        "WABOT_HOME",
        "database",
        "Folder of the embedded PostgreSQL and of logs. Empty: the platform's user data folder"
        " (as root /var/lib/wabot).",
    ),
    Setting(
        "WABOT_POOL_SIZE",
        "database",
        "Connections per process to each PostgreSQL server.",
        "8",
        parse=_whole(2, 200),
    ),
    Setting(
        "WABOT_MASTER_KEY",
        "security",
        "Encrypts tokens: 32 bytes, URL-safe base64. Several separated by commas: the first"
        " encrypts, all decrypt.",
        obtain=f"make one with: {_NEW_KEY}",
        secret=True,
        parse=_keys,
    ),
    Setting(
        "WHATSAPP_APP_ID",
        "whatsapp",
        "Id of the Meta app whose webhooks arrive here; new clients are bound to it.",
        obtain="Meta app dashboard, at the top of every page",
    ),
    Setting(
        "WHATSAPP_APP_SECRET",
        "whatsapp",
        "App secret that signs the webhooks; two separated by a comma during a rotation.",
        obtain="Meta app dashboard → App settings → Basic → App secret",
        secret=True,
        parse=_secrets,
    ),
    Setting(
        "WHATSAPP_MORE_APPS",
        "whatsapp",
        "Further Meta apps: APP_ID=SECRET[,SECRET];APP_ID=SECRET.",
        secret=True,
        parse=_apps,
    ),
    Setting(
        "WHATSAPP_VERIFY_TOKEN",
        "whatsapp",
        "Word of your choice that Meta repeats when it verifies the webhook URL.",
        obtain="choose one and type the same into Meta app dashboard → WhatsApp → Configuration",
        secret=True,
    ),
    Setting(
        "WHATSAPP_API_BASE",
        "whatsapp",
        "Where the Graph API is; point it at `wabot simulate graph` to try things out.",
        "https://graph.facebook.com",
        parse=_url,
    ),
    Setting(
        "WHATSAPP_API_VERSION",
        "whatsapp",
        "Version of the Graph API.",
        "v26.0",
        parse=_api_version,
    ),
    Setting("WABOT_HOST", "server", "Address that `wabot serve` listens on.", "127.0.0.1"),
    Setting(
        "WABOT_PORT",
        "server",
        "Port that `wabot serve` listens on.",
        "8080",
        parse=_whole(0, 65535),
    ),
    Setting(
        "WABOT_QUIET_WINDOW",
        "conversation",
        "Seconds without a further fragment before free text is answered.",
        "2",
        parse=_seconds(0, 30),
    ),
    Setting(
        "WABOT_QUIET_WINDOW_MAX",
        "conversation",
        "Seconds after the first fragment at which free text is answered anyway.",
        "6",
        parse=_seconds(0, 120),
    ),
    Setting(
        "WABOT_LATE_AFTER",
        "conversation",
        "Seconds after which a message counts as late: it never places an order by itself.",
        "600",
        parse=_seconds(1, 604800),
    ),
    Setting(
        "WABOT_LEASE",
        "runtime",
        "Seconds that a process holds a conversation before another may take over.",
        "10",
        parse=_seconds(1, 300),
    ),
    Setting(
        "WABOT_TURNS",
        "runtime",
        "Turns at work at once in one process.",
        "32",
        parse=_whole(1, 1000),
    ),
    Setting(
        "WABOT_TURNS_PER_TENANT",
        "runtime",
        "Turns at work at once for one tenant in one process; below WABOT_POOL_SIZE.",
        "4",
        parse=_whole(1, 200),
    ),
    Setting(
        "WABOT_EVENT_TRIES",
        "runtime",
        "Tries before an event is set aside.",
        "5",
        parse=_whole(1, 100),
    ),
    Setting(
        "WABOT_RESEND_AFTER",
        "runtime",
        "Seconds to wait for a status before a message of unknown outcome is sent again.",
        "20",
        parse=_seconds(1, 3600),
    ),
    Setting(
        "WABOT_RESEND_AFTER_SILENT",
        "runtime",
        "The same for a number whose statuses do not arrive at all.",
        "300",
        parse=_seconds(1, 86400),
    ),
    Setting(
        "WABOT_JOURNAL_HOURS",
        "runtime",
        "Hours that handled events stay in the central inbox.",
        "24",
        parse=_whole(0, 8760),
    ),
    Setting(
        "WABOT_LOG_LEVEL",
        "logs",
        "Least severity that is logged.",
        "info",
        parse=_one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "WABOT_LOG_FORMAT",
        "logs",
        "json, console, or auto (console on a terminal).",
        "auto",
        parse=_one_of("auto", "json", "console"),
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """Parsed settings by name; reading an unknown name is a bug and raises KeyError."""

    values: Mapping[str, Any]
    env_file: Path | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __repr__(self) -> str:
        return (
            f"Settings({', '.join(sorted(name for name, value in self.values.items() if value))})"
        )

    @property
    def apps(self) -> dict[str, tuple[str, ...]]:
        """Return the secrets of every Meta app by app id ('' when WHATSAPP_APP_ID is not set)."""
        main: tuple[str, ...] = self["WHATSAPP_APP_SECRET"]
        own = {self["WHATSAPP_APP_ID"]: main} if main else {}
        return {**self["WHATSAPP_MORE_APPS"], **own}


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
    for setting in SETTINGS:
        text = given.get(setting.name, "").strip()
        try:
            values[setting.name] = setting.parse(text or setting.default)
        except ValueError as error:
            problems.append(f"{setting.name} {error}{_how(setting)}")
            continue
        if setting.name in require and not text:
            problems.append(f"{setting.name} is not set{_how(setting)}")
    if problems:
        raise ConfigurationError(
            "Settings are missing or malformed:\n" + "\n".join(f"  {line}" for line in problems),
            hint=f"Set them in the environment or in {path.resolve()}; .env.example has them all.",
        )
    return Settings(values, env_file=path if path.is_file() else None)


def _environment(path: Path, environ: Mapping[str, str] | None) -> dict[str, str]:
    from dotenv import dotenv_values

    from_file = dotenv_values(path) if path.is_file() else {}
    given = {name: value for name, value in from_file.items() if value is not None}
    return given | dict(os.environ if environ is None else environ)


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return WABOT_HOME, or where the platform keeps a user's data; it may not exist yet."""
    given = _environment(Path(".env"), environ).get("WABOT_HOME", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/wabot")
    from platformdirs import user_data_path

    return user_data_path("wabot", appauthor=False)


def setting(name: str) -> Setting:
    """Return a setting's description."""
    return _BY_NAME[name]


def _how(known: Setting) -> str:
    return f" — {known.obtain}" if known.obtain else ""


def bundled(folder: str) -> Path:
    """Find `migrations` or `tenant_templates`: the checkout's first, else the wheel's copy."""
    checkout = PACKAGE.parent / folder
    if (PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return PACKAGE / "_bundled" / folder
