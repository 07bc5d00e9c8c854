"""What the settings of alerts accept."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

CHANNELS = ("log", "email", "sns", "webhook", "whatsapp")
SEVERITIES = ("warning", "error", "critical")

_ADDRESS = re.compile(r"[^\s@,<>\"]+@[^\s@,<>\"]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server; `tls` is starttls, always (from the first byte) or off."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"


def mail_server(value: str) -> MailServer | None:
    """Accept smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtps://… (TLS), or ?tls=off."""
    rule = "must look like smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465"
    if not value:
        return None
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise ValueError(f"{rule}; escape @ : / ? # in a password (@ is %40)") from None
    query = parse_qs(url.query, keep_blank_values=True)
    if url.scheme not in {"smtp", "smtps"} or not url.hostname or url.path not in {"", "/"}:
        raise ValueError(f"{rule}; escape @ : / ? # in a password (@ is %40)")
    if query not in ({}, {"tls": ["off"]}) or (query and url.scheme == "smtps") or url.fragment:
        raise ValueError(f"{rule}; the only option is ?tls=off, for a relay in your own network")
    if url.username and not url.password:
        raise ValueError(f"{rule}: it names a user without a password")
    secure = url.scheme == "smtps"
    return MailServer(
        url.hostname,
        port or (465 if secure else 587),
        unquote(url.username or ""),
        unquote(url.password or ""),
        "always" if secure else "off" if query else "starttls",
    )


def addresses(value: str) -> tuple[str, ...]:
    """Accept e-mail addresses separated by commas."""
    found = tuple(filter(None, (part.strip() for part in value.split(","))))
    for address in found:
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"must be e-mail addresses separated by commas, unlike {address!r}")
    return found


def address(value: str) -> str:
    """Accept one e-mail address, or none."""
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError("must be an e-mail address")
    return value


def topic(value: str) -> str:
    """Accept the ARN of an SNS topic."""
    if value and not re.fullmatch(
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?", value
    ):
        raise ValueError("must be a topic's ARN: arn:aws:sns:REGION:ACCOUNT:NAME")
    return value


def hook(value: str) -> str:
    """Accept an HTTP URL, which may well have a query; it is a secret and never repeated."""
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", value):
        raise ValueError("must be an http:// or https:// URL without user and fragment")
    return value


def phone(value: str) -> str:
    """Accept a telephone number with its country code."""
    if value and not re.fullmatch(r"\+[1-9]\d{6,14}", value):
        raise ValueError("must be a phone number like +525512345678")
    return value


def template(value: str) -> tuple[str, str]:
    """Accept NAME:LANGUAGE."""
    if not value:
        return "", ""
    if not re.fullmatch(r"[a-z0-9_]{1,512}:[a-z]{2,3}(_[A-Z]{2})?", value):
        raise ValueError("must be an approved template as NAME:LANGUAGE, like wabot_alert:en_US")
    name, _, language = value.partition(":")
    return name, language


def levels(value: str) -> dict[str, str]:
    """Accept CHANNEL=SEVERITY pairs; other channels tell of everything."""
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in value.split(","))):
        channel, _, severity = (piece.strip().lower() for piece in part.partition("="))
        if channel not in CHANNELS or severity not in SEVERITIES:
            raise ValueError(
                f"must be pairs like email=error,whatsapp=critical, unlike {part!r};"
                f" channels: {', '.join(CHANNELS)}; severities: {', '.join(SEVERITIES)}"
            )
        found[channel] = severity
    return found


Needs = tuple[str, tuple[str, ...]]

_NEEDS: tuple[Needs, ...] = (
    ("WABOT_ALERTS_EMAIL_TO", ("WABOT_ALERTS_SMTP_URL",)),
    ("WABOT_ALERTS_SMTP_URL", ("WABOT_ALERTS_EMAIL_TO",)),
    ("WABOT_ALERTS_WEBHOOK_SECRET", ("WABOT_ALERTS_WEBHOOK",)),
    (
        "WABOT_ALERTS_WHATSAPP_TO",
        ("WABOT_ALERTS_WHATSAPP_FROM", "WABOT_ALERTS_WHATSAPP_TEMPLATE"),
    ),
)


def lacking(given: Callable[[str], object]) -> list[str]:
    """Name settings of a channel that are set without the ones they need."""
    return [
        f"{name} is set without {', '.join(missing)}"
        for name, needed in _NEEDS
        if _is_set(given(name)) and (missing := [n for n in needed if not _is_set(given(n))])
    ]


def _is_set(value: object) -> bool:
    return bool(value) and value != ("", "")
